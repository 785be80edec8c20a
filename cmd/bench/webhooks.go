package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// compareWebhooks measures durable signed webhooks over real loopback HTTP
// against a bare handler that only checks the signature. Both servers live in
// this process and are called, in turn, by the same client process.
func compareWebhooks(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("webhooks", flag.ContinueOnError)
	n := flags.Int("requests", 20_000, "how many requests a round")
	rounds := flags.Int("rounds", 5, "how many rounds")
	connections := flags.Int("connections", 128, "how many connections: as a provider opens them in a surge")
	where := flags.String("dir", "bin", "where the databases go: on a real disk")
	profile := flags.String("profile", "", "write CPU profiles of our side to files named like this, as bin/webhooks.prof")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, remove, err := scratch(*where)
	if err != nil {
		return err
	}
	defer remove()
	// What onyo serve sets aside; both sides have it.
	room := make([]byte, 64<<20)
	defer runtime.KeepAlive(room)
	ctx := context.Background()
	client, err := startClient(*connections, *n)
	if err != nil {
		return err
	}
	defer client.stop()
	durable := &side{name: "onyo: durable, nothing else running", profile: *profile}
	working := &side{name: "onyo: durable, the intake worker running too"}
	if *profile != "" {
		extension := filepath.Ext(*profile)
		working.profile = strings.TrimSuffix(*profile, extension) + "-worker" + extension
	}
	bare := &side{name: "echo: signature checked, nothing kept"}

	alone, err := openDeployment(ctx, filepath.Join(dir, "alone.db"))
	if err != nil {
		return err
	}
	defer alone.close()
	busy, err := openDeployment(ctx, filepath.Join(dir, "busy.db"))
	if err != nil {
		return err
	}
	defer busy.close()
	peer, err := serve(bareHandler())
	if err != nil {
		return err
	}
	defer peer.Close()

	durable.run = func(ctx context.Context) (time.Duration, error) {
		return alone.counted(ctx, *n, func() (time.Duration, error) { return client.send(alone.address()) })
	}
	var reports []float64
	working.run = func(ctx context.Context) (time.Duration, error) {
		took, worked, err := busy.whileWorking(ctx, func() (time.Duration, error) { return client.send(busy.address()) })
		reports = append(reports, float64(worked)/took.Seconds())
		return took, err
	}
	bare.run = func(context.Context) (time.Duration, error) { return client.send(peer.Addr().String()) }
	if err := interleave(ctx, *rounds, *n, durable, working, bare); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d requests a round, %d rounds, %d kept-alive connections from another process; SQLite, synchronous=FULL\n", *n, *rounds, *connections)
	printSides(out, "signed webhooks per second", durable, working, bare)
	fmt.Fprintf(out, "meanwhile the worker made %.0f reports per second\n", median(reports[1:]))
	return nil
}

// serve answers with a handler on a free port of the loopback.
func serve(handler http.Handler) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends when the listener closes
	return listener, nil
}

// client is the other process.
type client struct {
	command *exec.Cmd
	in      io.WriteCloser
	answers *bufio.Scanner
	sent, n int
}

func startClient(connections, n int) (*client, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &client{n: n, command: exec.Command(self, "webhooks-client", "-connections", strconv.Itoa(connections), "-requests", strconv.Itoa(n))}
	c.command.Stderr = os.Stderr
	if c.in, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	answers, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.answers = bufio.NewScanner(answers)
	return c, c.command.Start()
}

// send lets the client send its requests, none of which was sent before.
func (c *client) send(address string) (time.Duration, error) {
	if _, err := fmt.Fprintln(c.in, address, c.sent); err != nil {
		return 0, err
	}
	c.sent += c.n
	if !c.answers.Scan() {
		return 0, fmt.Errorf("the client ended early: %w", c.command.Wait())
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(c.answers.Text()), 10, 64)
	return time.Duration(nanoseconds), err
}

func (c *client) stop() {
	_ = c.in.Close()
	_ = c.command.Wait()
}
