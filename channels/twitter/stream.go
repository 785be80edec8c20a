package twitter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	streamPath = "/2/tweets/search/stream"
	// silence is how long a stream may say nothing. X sends a blank line every 20
	// seconds; what comes a little late is not yet lost.
	silence = 25 * time.Second
	// maxLine bounds one line; of a longer one the beginning is kept.
	maxLine = 1 << 20
	// queue is how many lines may wait while something else is done.
	queue   = 1000
	noRules = "http_409"
)

func errDropped() error { return &failure{class: dropped, code: "connection_ended"} }

// streamClient follows nobody elsewhere and looks X's name up for each connection.
func streamClient(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dial, DisableKeepAlives: true, DisableCompression: true,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// connection listens to the stream until it ends; its error is never nil.
func (s *session) connection(parent context.Context) error {
	ctx, cut := context.WithCancelCause(parent)
	defer cut(nil)
	request, err := s.request(ctx, http.MethodGet, streamPath, s.fields, nil)
	if err != nil {
		return err
	}
	response, err := s.streams.Do(request)
	if err != nil {
		return &failure{class: network, code: "network"}
	}
	var readers sync.WaitGroup
	defer readers.Wait()
	defer response.Body.Close()
	defer cut(nil)
	if response.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		if err != nil {
			body = nil // the status says enough
		}
		if err := judge(response, body, s.config.Clock()); err != nil {
			return err
		}
		return &failure{class: service, code: "http_" + strconv.Itoa(response.StatusCode)}
	}
	s.config.Log.Info("x: connected to the stream", "spent_usd", s.spending.Spent.String(), "of_usd", s.budget.String(), "month", s.spending.Month)
	lines, beat := make(chan []byte, queue), make(chan struct{}, 1)
	readers.Go(func() { defer close(lines); readLines(ctx, response.Body, lines, beat) })
	readers.Go(func() {
		watch(ctx, beat)
		cut(&failure{class: dropped, code: "silent"})
	})
	s.openGap()
	return s.attend(ctx, lines)
}

// readLines gives lines without their ends, blank ones too. What a broken
// connection left of a line is given only if it is whole.
func readLines(ctx context.Context, body io.Reader, lines chan<- []byte, beat chan<- struct{}) {
	r := bufio.NewReaderSize(body, 64<<10)
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		select {
		case beat <- struct{}{}:
		default: // it was told and has not looked yet
		}
		line = append(line, part[:min(len(part), maxLine-len(line))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if whole := bytes.TrimSpace(line); err == nil || len(whole) > 0 && json.Valid(whole) {
			select {
			case lines <- whole:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
		line = nil
	}
}

// watch returns when nothing came for too long, or at the end of ctx.
func watch(ctx context.Context, beat <-chan struct{}) {
	timer := time.NewTimer(silence)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat:
			timer.Reset(silence)
		case <-timer.C:
			return
		}
	}
}

// line takes one line of the stream. An error ends the connection.
func (s *session) line(line []byte, splits *[]channels.Split) error {
	if len(line) == 0 { // keep-alive
		s.back = backoff{}
		return nil
	}
	var came envelope
	if err := json.Unmarshal(line, &came); err == nil && came.Tweet == nil {
		if fault := came.ends(); fault != nil {
			return fault
		}
	}
	s.back = backoff{}
	s.spending.chargeAll(came)
	before := len(*splits)
	s.arrive(line, false, splits)
	if came.Tweet == nil {
		s.spending.charge((*splits)[before].ProviderID, tweetPrice) // it may have been charged
		return nil
	}
	s.since = max(s.since, s.plausible(idOf(came.Tweet.ID)))
	return nil
}

// plausible is 0 for an id of the future, which would hide every gap to come.
func (s *session) plausible(id uint64) uint64 {
	if id > firstID(s.config.Clock().Add(10*time.Minute)) {
		return 0
	}
	return id
}

// ends says whether this is X's word that the connection ends.
func (e envelope) ends() error {
	switch {
	case e.Issue == "TooManyConnections":
		return &failure{class: throttled, code: "too_many_connections"}
	case len(e.Errors) > 0 && e.Errors[0].Title == "operational-disconnect":
		return &failure{class: dropped, code: "operational_disconnect"}
	case len(e.Errors) > 0 || e.Title != "":
		return &failure{class: service, code: "stream_error"}
	}
	return nil
}

func text(id uint64) string { return strconv.FormatUint(id, 10) }

func short(digest [32]byte) uint32 { return binary.BigEndian.Uint32(digest[:]) }
