package social

import (
	"bufio"
	"bytes"
	"io"
)

// event is one server-sent event.
type event struct {
	name string
	data []byte
}

// eventBytes bounds one event. What is larger is passed over, not the stream.
const eventBytes = 1 << 20

// events reads server-sent events as the HTML standard has them; Mastodon uses
// "event", "data" and comments, as which its heartbeat comes.
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
type events struct {
	lines *bufio.Reader
	// alive is called for every line, heartbeats too.
	alive func()
	// passed counts events that were too large.
	passed int
}

func newEvents(stream io.Reader, alive func()) *events {
	return &events{lines: bufio.NewReaderSize(stream, 16<<10), alive: alive}
}

// next waits for an event with data.
func (e *events) next() (event, error) {
	var one event
	size, tooLarge := 0, false
	for {
		line, whole, err := e.line()
		if err != nil {
			return event{}, err
		}
		e.alive()
		size += len(line)
		tooLarge = tooLarge || !whole || size > eventBytes
		if len(line) == 0 && whole {
			if tooLarge {
				e.passed++
			} else if len(one.data) > 0 {
				one.data = bytes.TrimSuffix(one.data, []byte("\n"))
				return one, nil
			}
			one, size, tooLarge = event{}, 0, false
			continue
		}
		if tooLarge {
			one = event{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			one.name = string(value)
		case "data":
			one.data = append(append(one.data, value...), '\n')
		}
	}
}

// line reads one line of at most eventBytes; whole is false where it was longer,
// and then the rest is gone.
func (e *events) line() (line []byte, whole bool, err error) {
	whole = true
	for {
		part, err := e.lines.ReadSlice('\n')
		if len(line)+len(part) > eventBytes+2 {
			line, whole = nil, false
		} else if whole {
			line = append(line, part...)
		}
		switch err {
		case nil:
			return bytes.TrimRight(line, "\r\n"), whole, nil
		case bufio.ErrBufferFull:
			e.alive() // a long line is no silence
		default:
			return nil, false, err
		}
	}
}
