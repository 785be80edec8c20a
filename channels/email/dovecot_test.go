package email_test

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// dovecot is a private Dovecot, the most used IMAP server, as a mail provider
// runs it. One serves all tests of a run: each has mailboxes of its own.
type dovecot struct {
	folder    string
	address   string // TLS
	plain     string // STARTTLS, or none
	authority string // its certificate, PEM
	uid, gid  int
	lifeline  io.WriteCloser // it ends when this closes: with this process

	mu      sync.Mutex
	users   map[string]string
	mailbox atomic.Int64
	mails   atomic.Int64
}

var theDovecot struct {
	sync.Mutex
	*dovecot
}

// mailServer is the running Dovecot. One that is not installed fails the test.
func mailServer(t *testing.T) *dovecot {
	t.Helper()
	theDovecot.Lock()
	defer theDovecot.Unlock()
	if theDovecot.dovecot == nil {
		started, err := startDovecot(t)
		if err != nil {
			t.Fatalf("these tests need Dovecot (apt-get install dovecot-imapd): %v", err)
		}
		theDovecot.dovecot = started
	}
	return theDovecot.dovecot
}

// dovecotKeeper starts it, waits for its own standard input to end, then stops it
// and removes every trace. $1 is the program, $2 the folder.
const dovecotKeeper = `"$1" -F -c "$2/dovecot.conf" >"$2/out" 2>&1 &
pid=$!
cat >/dev/null
kill $pid
wait $pid
rm -rf "$2"`

const dovecotConfig = `protocols = imap
base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = %[1]s/log
default_internal_user = %[2]s
default_login_user = %[2]s
default_internal_group = %[3]s
auth_failure_delay = 0
disable_plaintext_auth = no
mail_max_userip_connections = 50
ssl = yes
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
mail_location = maildir:%[1]s/mail/%%u
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%%u %[1]s/users
}
userdb {
  driver = static
  args = uid=%[2]s gid=%[3]s home=%[1]s/home/%%u
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  service_count = 0
  inet_listener imap {
    address = 127.0.0.1
    port = %[4]d
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = %[5]d
    ssl = yes
  }
}
`

func startDovecot(t *testing.T) (*dovecot, error) {
	program, err := exec.LookPath("dovecot")
	if err != nil {
		if program = "/usr/sbin/dovecot"; exec.Command(program, "--version").Run() != nil {
			return nil, err
		}
	}
	folder, err := os.MkdirTemp("", "onyo-dovecot-") // short: its sockets' names are bounded
	if err != nil {
		return nil, err
	}
	d := &dovecot{folder: folder, uid: os.Getuid(), gid: os.Getgid(), users: map[string]string{}}
	for i := range accounts {
		d.users[userName(i)] = fmt.Sprintf("open-%d-sesame", i)
	}
	var identity *syscall.SysProcAttr
	if d.uid == 0 { // as a user that may do nothing, as everywhere
		d.uid, d.gid = 65534, 65534
		identity = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: false}}
	}
	owner, err := user.LookupId(strconv.Itoa(d.uid))
	if err != nil {
		return nil, err
	}
	group, err := user.LookupGroupId(strconv.Itoa(d.gid))
	if err != nil {
		return nil, err
	}
	plain, secure := freePort(t), freePort(t)
	d.plain, d.address = fmt.Sprintf("127.0.0.1:%d", plain), fmt.Sprintf("127.0.0.1:%d", secure)
	certificate, authority := selfSigned(t)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return nil, err
	}
	d.authority = authority
	for name, content := range map[string]string{"cert.pem": authority, "users": d.userList(),
		"key.pem":      string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"dovecot.conf": fmt.Sprintf(dovecotConfig, folder, owner.Username, group.Name, plain, secure)} {
		if err := d.write(name, content); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"", "run", "mail", "home"} {
		if err := d.mkdir(name); err != nil {
			return nil, err
		}
	}
	keeper := exec.Command("sh", "-c", dovecotKeeper, "sh", program, folder)
	keeper.SysProcAttr = identity
	if d.lifeline, err = keeper.StdinPipe(); err != nil {
		return nil, err
	}
	if err := keeper.Start(); err != nil {
		return nil, err
	}
	return d, d.ready()
}

// ready waits until it answers.
func (d *dovecot) ready() error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		conn, err := net.DialTimeout("tcp", d.plain, time.Second)
		if err == nil {
			greeting := make([]byte, 4)
			_, err = io.ReadFull(conn, greeting)
			_ = conn.Close()
			if err == nil && string(greeting) == "* OK" {
				return nil
			}
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(filepath.Join(d.folder, "log"))
			out, _ := os.ReadFile(filepath.Join(d.folder, "out"))
			return fmt.Errorf("it does not answer: %w\n%s%s", err, out, said)
		}
		time.Sleep(20 * time.Millisecond) // nothing tells when a program listens
	}
}

func (d *dovecot) write(name, content string) error {
	path := filepath.Join(d.folder, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return os.Chown(path, d.uid, d.gid)
}

func (d *dovecot) mkdir(name string) error {
	path := filepath.Join(d.folder, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return os.Chown(path, d.uid, d.gid)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// account is one mailbox at the server.
type account struct {
	*dovecot
	t              *testing.T
	user, password string
}

// accounts is how many there are: it takes the server a second to hear of more.
const accounts = 500

func userName(i int) string { return fmt.Sprintf("box%d@example.org", i) }

// account gives an empty mailbox that nobody else has.
func (d *dovecot) account(t *testing.T) *account {
	t.Helper()
	a := &account{dovecot: d, t: t, user: userName(int(d.mailbox.Add(1)) % accounts)}
	d.mu.Lock()
	a.password = d.users[a.user]
	d.mu.Unlock()
	for _, name := range []string{"", "cur", "new", "tmp"} {
		if err := d.mkdir(filepath.Join("mail", a.user, name)); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (d *dovecot) userList() string {
	var list strings.Builder
	for user, password := range d.users {
		fmt.Fprintf(&list, "%s:{PLAIN}%s::::::\n", user, password)
	}
	return list.String()
}

// setPassword changes what the server lets in, and returns once it does.
func (a *account) setPassword(password string) {
	a.t.Helper()
	a.writeUsers(password)
	for !a.letsIn(password) { // it reads its list of users once a second
		time.Sleep(50 * time.Millisecond)
	}
}

func (a *account) writeUsers(password string) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users[a.user] = password
	if err := a.write("users.new", a.userList()); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(a.folder, "users.new"), filepath.Join(a.folder, "users")); err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) letsIn(password string) bool {
	a.t.Helper()
	client, err := imapclient.DialInsecure(a.plain, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	return client.Login(a.user, password).Wait() == nil
}

// deliver puts a mail into the mailbox as a mail server does.
func (a *account) deliver(mail []byte) {
	a.t.Helper()
	name := fmt.Sprintf("%d.M%dP%d.test", time.Now().Unix(), a.mails.Add(1), os.Getpid())
	if err := a.write(filepath.Join("mail", a.user, "tmp", name), string(mail)); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(a.path("tmp", name), a.path("new", name)); err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) path(parts ...string) string {
	return filepath.Join(append([]string{a.folder, "mail", a.user}, parts...)...)
}

// forgetUIDs makes the server number the mailbox anew, as after a move to another
// machine.
func (a *account) forgetUIDs() {
	a.t.Helper()
	for _, pattern := range []string{"dovecot*"} {
		found, err := filepath.Glob(a.path(pattern))
		if err != nil || len(found) == 0 {
			a.t.Fatalf("nothing to forget: %v", err)
		}
		for _, path := range found {
			if err := os.Remove(path); err != nil {
				a.t.Fatal(err)
			}
		}
	}
}

// flagged are the files whose mail has a flag: "S" is seen.
func (a *account) flagged(flag string) (n int) {
	a.t.Helper()
	found, err := filepath.Glob(a.path("cur", "*"))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, path := range found {
		if _, flags, ok := strings.Cut(path, ":2,"); ok && strings.Contains(flags, flag) {
			n++
		}
	}
	return n
}

// wire passes connections on to a server, and can cut them.
type wire struct {
	listener net.Listener
	// hides is taken out of what the server says in the clear, "" for nothing.
	hides string
	mu    sync.Mutex
	open  map[net.Conn]bool
}

// newWire is a wire to an address, which hides a word where one is given.
func newWire(t *testing.T, to string, hides ...string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, hides: strings.Join(hides, ""), open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = listener.Close(); w.cut() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.mu.Lock()
			w.open[near], w.open[far] = true, true
			w.mu.Unlock()
			go w.pass(near, far, "")
			go w.pass(far, near, w.hides)
		}
	}()
	return w
}

func (w *wire) pass(from, to net.Conn, hides string) {
	if hides == "" {
		_, _ = io.Copy(to, from)
	}
	for lines := bufio.NewReader(from); hides != ""; {
		line, err := lines.ReadString('\n')
		if _, bad := io.WriteString(to, strings.ReplaceAll(line, hides, "")); err != nil || bad != nil {
			break
		}
	}
	_, _ = from.Close(), to.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, from)
}

func (w *wire) address() string { return w.listener.Addr().String() }

// cut drops all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.open {
		_ = conn.Close()
	}
}
