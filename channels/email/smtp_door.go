package email

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// door lets in a bounded number of connections, of one client even fewer, and
// ends those that are silent or stay too long.
type door struct {
	net.Listener
	silence time.Duration
	mu      sync.Mutex
	all     int
	from    map[string]int
}

func newDoor(listener net.Listener, silence time.Duration) *door {
	return &door{Listener: listener, silence: silence, from: map[string]int{}}
}

// Accept waits for the next connection that may come in; others hear 421, which
// tells their servers to try again later.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // go-smtp looks at its type
		}
		client := hostOf(conn.RemoteAddr())
		if d.enter(client) {
			return &guest{Conn: conn, silence: d.silence, end: time.Now().Add(wholeSession), leave: sync.OnceFunc(func() { d.left(client) })}, nil
		}
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write([]byte("421 4.7.0 Too many connections; try again later\r\n"))
		_ = conn.Close()
	}
}

func (d *door) enter(client string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= maxConnections || d.from[client] >= maxFromOne && !loopback(client) {
		return false
	}
	d.all++
	d.from[client]++
	return true
}

func (d *door) left(client string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.from[client]--; d.from[client] == 0 {
		delete(d.from, client)
	}
}

func hostOf(address net.Addr) string {
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host
}

// guest is a connection that was let in.
type guest struct {
	net.Conn
	silence time.Duration
	end     time.Time
	leave   func()
	reading sync.Mutex
	gone    atomic.Bool
}

func (g *guest) soon() time.Time {
	soon := time.Now().Add(g.silence)
	if soon.After(g.end) {
		return g.end
	}
	return soon
}

func (g *guest) Read(p []byte) (int, error) {
	g.reading.Lock()
	defer g.reading.Unlock()
	if err := g.SetReadDeadline(g.soon()); err != nil {
		return 0, err //nolint:wrapcheck // a connection's own
	}
	if g.gone.Load() { // asked after the deadline is set: Close sets both the other way round
		return 0, net.ErrClosed
	}
	return g.Conn.Read(p) //nolint:wrapcheck // a connection's own
}

func (g *guest) Write(p []byte) (int, error) {
	if err := g.SetWriteDeadline(g.soon()); err != nil {
		return 0, err //nolint:wrapcheck // a connection's own
	}
	return g.Conn.Write(p) //nolint:wrapcheck // a connection's own
}

// Close lets the other side hear the last answer: a connection that is closed
// while more comes in is reset, and then a sender knows nothing.
func (g *guest) Close() error {
	g.leave()
	half, ok := g.Conn.(interface{ CloseWrite() error })
	if g.gone.Swap(true) || !ok || half.CloseWrite() != nil {
		return g.Conn.Close() //nolint:wrapcheck // a connection's own
	}
	_ = g.SetReadDeadline(time.Unix(1, 0)) // ends the Read that waits
	go func() {
		g.reading.Lock()
		defer g.reading.Unlock()
		_ = g.SetReadDeadline(time.Now().Add(lingering))
		_, _ = io.Copy(io.Discard, io.LimitReader(g.Conn, mailBytes))
		_ = g.Conn.Close()
	}()
	return nil
}

// lingering is how long the rest of what a sender says is listened to.
const lingering = 2 * time.Second
