package web

import (
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// How slow a body may come: a photo over one bar of signal must get through, a
// connection held open for its own sake must not.
const (
	bodyGrace = 30 * time.Second
	bodyRate  = 1000 // bytes a second, after the grace
	bodyMost  = 10 * time.Minute
)

// Patient gives a request's body a deadline that moves on as bytes arrive: 30 s,
// and a second more for each kilobyte, at most ten minutes.
func Patient(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	body := &patientBody{ReadCloser: r.Body, control: http.NewResponseController(w), start: time.Now()}
	body.allow()
	r.Body = body
}

type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	start   time.Time
	total   int64
	until   time.Time
}

// Read reads, and gives what follows more time.
func (b *patientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.total += int64(n)
	b.allow()
	return n, err
}

// allow moves the deadline, by a second at least, so that not every read does.
func (b *patientBody) allow() {
	until := b.start.Add(min(bodyGrace+time.Duration(b.total/bodyRate)*time.Second, bodyMost))
	if until.Sub(b.until) >= time.Second {
		b.until = until
		_ = b.control.SetReadDeadline(until) // without one the server's own hold
	}
}

// Weight bounds how many bytes of large bodies are held in memory at once.
type Weight struct{ semaphore *semaphore.Weighted }

// bodiesMost is what all bodies under way may weigh together, in bytes.
const bodiesMost = 256 << 20

// NewWeight makes one.
func NewWeight() *Weight { return &Weight{semaphore: semaphore.NewWeighted(bodiesMost)} }

// Take reserves what a request's body may weigh; where there is no room it
// answers 503 and tells when to try again. Call the returned function when the
// body is no longer needed.
func (w *Weight) Take(r *http.Request, limit int64) (func(), error) {
	weight := r.ContentLength
	if weight < 0 || weight > limit {
		weight = limit
	}
	weight = min(weight, bodiesMost)
	if !w.semaphore.TryAcquire(weight) {
		problem := Refuse(http.StatusServiceUnavailable, "busy", "", "Too much is arriving at once. Send it again in a few seconds.")
		problem.Header = map[string]string{"Retry-After": "5"}
		return nil, problem
	}
	return func() { w.semaphore.Release(weight) }, nil
}
