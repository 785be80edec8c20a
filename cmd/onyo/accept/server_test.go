package accept_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// installation is onyo as somebody installs it: a folder, settings, and the
// process while it serves.
type installation struct {
	t      testing.TB
	folder string // holds everything
	data   string // ONYO_DATA_DIR
	key    string // ONYO_KEY_FILE
	logs   string // what every process said: stdout, stderr
	temp   string // TMPDIR of every process
	url    string
	env    map[string]string
	client *http.Client

	process *exec.Cmd
	ended   chan struct{}
}

// install prepares a folder and a port. Settings are environment variables.
func install(t testing.TB, settings map[string]string) *installation {
	t.Helper()
	folder := t.TempDir()
	in := &installation{t: t, folder: folder, data: filepath.Join(folder, "data"), key: filepath.Join(folder, "data.key"),
		logs: filepath.Join(folder, "logs"), temp: filepath.Join(folder, "tmp"), client: newClient()}
	for _, path := range []string{in.logs, in.temp} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	address := freeAddress(t)
	in.url = "http://" + address
	in.env = map[string]string{"ONYO_LISTEN": address, "ONYO_DATA_DIR": in.data, "ONYO_KEY_FILE": in.key, "ONYO_FORM_RATE": "0", "TMPDIR": in.temp}
	maps.Copy(in.env, settings)
	t.Cleanup(in.stop)
	return in
}

// copyOf is another installation with a copy of this one's data and key. Neither
// may run.
func (in *installation) copyOf(settings map[string]string) *installation {
	in.t.Helper()
	other := install(in.t, in.env)
	other.env["ONYO_LISTEN"] = strings.TrimPrefix(other.url, "http://")
	other.env["ONYO_DATA_DIR"], other.env["ONYO_KEY_FILE"], other.env["TMPDIR"] = other.data, other.key, other.temp
	maps.Copy(other.env, settings)
	if err := os.CopyFS(other.data, os.DirFS(in.data)); err != nil {
		in.t.Fatal(err)
	}
	key, err := os.ReadFile(in.key)
	if err != nil {
		in.t.Fatal(err)
	}
	if err := os.WriteFile(other.key, key, 0o600); err != nil {
		in.t.Fatal(err)
	}
	if err := os.Chmod(other.data, 0o700); err != nil {
		in.t.Fatal(err)
	}
	return other
}

// freeAddress is a port that nobody has now, below those from which outgoing
// connections are made: one of them could otherwise meet itself there while the
// server is down.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 200 {
		address := "127.0.0.1:" + strconv.Itoa(20000+rand.IntN(12000))
		if listener, err := net.Listen("tcp", address); err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

func newClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (in *installation) command(args ...string) *exec.Cmd {
	in.t.Helper()
	path, err := theBinary()
	if err != nil {
		in.t.Fatal(err)
	}
	command := exec.Command(path, args...)
	command.Dir = in.folder
	command.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "ONYO_") || strings.HasPrefix(pair, "TMPDIR=") })
	for _, name := range slices.Sorted(maps.Keys(in.env)) {
		command.Env = append(command.Env, name+"="+in.env[name])
	}
	return command
}

// try runs a command and gives what it said and its exit code.
func (in *installation) try(stdin string, args ...string) (stdout, stderr string, code int) {
	in.t.Helper()
	command := in.command(args...)
	var out, errOut bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &errOut
	err := command.Run()
	if command.ProcessState == nil {
		in.t.Fatalf("onyo %s: %v", args[0], err)
	}
	return out.String(), errOut.String(), command.ProcessState.ExitCode()
}

// run runs a command that must succeed and gives its standard output.
func (in *installation) run(args ...string) string {
	in.t.Helper()
	out, errOut, code := in.try("", args...)
	if code != 0 {
		in.t.Fatalf("onyo %s: exit %d\n%s\n%s", strings.Join(args, " "), code, out, tail(errOut))
	}
	return out
}

// launch starts serving without waiting for it.
func (in *installation) launch() {
	in.t.Helper()
	command := in.command("serve")
	command.Stdout, command.Stderr = in.append("stdout"), in.append("stderr")
	if err := command.Start(); err != nil {
		in.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	in.process, in.ended = command, ended
}

func (in *installation) append(name string) *os.File {
	in.t.Helper()
	file, err := os.OpenFile(filepath.Join(in.logs, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		in.t.Fatal(err)
	}
	in.t.Cleanup(func() { file.Close() })
	return file
}

// start serves and waits until the server is ready; it tells how long that took.
func (in *installation) start() time.Duration {
	in.t.Helper()
	began := time.Now()
	in.launch()
	await(in.t, "the server is ready", func() bool {
		select {
		case <-in.ended:
			in.t.Fatalf("the server ended: %s", tail(in.said("stderr")))
		default:
		}
		return in.ready()
	})
	return time.Since(began)
}

func (in *installation) ready() bool {
	response, err := in.client.Get(in.url + "/readyz")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK
}

// end signals the server and waits until it is gone.
func (in *installation) end(signal syscall.Signal) {
	in.t.Helper()
	if in.process == nil {
		return
	}
	_ = in.process.Process.Signal(signal)
	select {
	case <-in.ended:
	case <-time.After(30 * time.Second):
		_ = in.process.Process.Kill()
		<-in.ended
		in.t.Errorf("the server did not end within 30 s of %s", signal)
	}
	in.process = nil
	in.client.CloseIdleConnections()
}

func (in *installation) stop() { in.end(syscall.SIGTERM) }
func (in *installation) kill() { in.end(syscall.SIGKILL) }

// said is everything that servers here wrote to "stdout" or "stderr".
func (in *installation) said(stream string) string {
	in.t.Helper()
	text, err := os.ReadFile(filepath.Join(in.logs, stream))
	if err != nil {
		in.t.Fatal(err)
	}
	return string(text)
}

// setupSecret is in the link that an unconfigured server prints.
func (in *installation) setupSecret() string {
	in.t.Helper()
	link := regexp.MustCompile(`/setup#(\S+)`)
	var secret string
	await(in.t, "the setup link is printed", func() bool {
		if found := link.FindAllStringSubmatch(in.said("stdout"), -1); len(found) > 0 {
			secret = found[len(found)-1][1]
		}
		return secret != ""
	})
	return secret
}

// token makes a person, or another token of one, and gives the bearer token.
func (in *installation) token(role, name string) string {
	in.t.Helper()
	words := strings.Fields(in.run("token", "add", "--role", role, name))
	return words[len(words)-1]
}

// tail is the last of a long text.
func tail(text string) string {
	const most = 3000
	if len(text) > most {
		return fmt.Sprintf("[…%d bytes]%s", len(text)-most, text[len(text)-most:])
	}
	return text
}
