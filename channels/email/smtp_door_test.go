package email

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// entered is a connection that was let in, and its other end.
func entered(t *testing.T, silence time.Duration) (inside, outside net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	outside, err = net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = outside.Close() })
	inside, err = newDoor(listener, silence).Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inside.Close() })
	return inside, outside
}

func TestSilentGuestsLeave(t *testing.T) {
	inside, _ := entered(t, 10*time.Millisecond)
	if _, err := inside.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a silent guest: %v", err)
	}
}

// Closing ends whoever reads, at once, and the other side still hears the answer
// though it goes on talking.
func TestGuestsHearTheLastAnswer(t *testing.T) {
	inside, outside := entered(t, time.Hour)
	over := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, inside)
		over <- err
	}()
	if _, err := outside.Write([]byte("much")); err != nil {
		t.Fatal(err)
	}
	if _, err := inside.Write([]byte("552\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = inside.Close()
	if err := <-over; err == nil {
		t.Fatal("reading ended well")
	}
	if _, err := outside.Write([]byte("more")); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(outside); err != nil || string(answer) != "552\r\n" {
		t.Fatalf("heard %q, %v", answer, err)
	}
}

func TestDoorCounts(t *testing.T) {
	d := newDoor(nil, time.Second)
	for range maxFromOne {
		if !d.enter("192.0.2.1") {
			t.Fatal("refused too early")
		}
	}
	if d.enter("192.0.2.1") || !d.enter("192.0.2.2") {
		t.Error("one client may have so many and no more, others may still come in")
	}
	d.left("192.0.2.1")
	if !d.enter("192.0.2.1") {
		t.Error("who left made no room")
	}
	for i := d.all; i < maxConnections; i++ {
		if !d.enter("127.0.0.1") {
			t.Fatal("this machine is not bounded but by the whole")
		}
	}
	if d.enter("192.0.2.3") {
		t.Error("the door takes more than its whole")
	}
}
