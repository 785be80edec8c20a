// Package xplayer plays the X API v2 over loopback in tests: rules, filtered
// stream, recent search, look-up of tweets and usage, in the documented wire
// format and with its faults. It imports nothing of Onyo and serves no other use.
//
// Like X it brings a tweet once over the stream, to whoever is connected; what was
// written while nobody was is found by search. It bills what it hands out, each
// object once in a UTC day.
package xplayer

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// What X charges, in millionths of a US dollar.
const (
	TweetPrice = 5_000
	UserPrice  = 10_000
	MediaPrice = 5_000
)

const birth = 1288834974657 // where the time in an id begins, milliseconds since 1970

// Tweet is what somebody writes.
type Tweet struct {
	Text, Author, Language string
	// Point is lon, lat.
	Point *[2]float64
	Place *Place
	// Photos are addresses.
	Photos             []string
	ReplyTo, RetweetOf string
	// Dress is how it travels: order of keys, white space, rules that match.
	Dress int
}

// Place is a place of X with its box: west, south, east, north.
type Place struct {
	ID, Name string
	Box      [4]float64
}

// Request is one that came.
type Request struct {
	At     time.Time
	Method string
	Path   string
	Query  map[string][]string
	Status int
}

// Fault is an answer that X gives instead of the true one.
type Fault struct {
	// Path is the one it is for.
	Path   string
	Status int
	Header http.Header
	Body   string
}

// stored is one version of a tweet.
type stored struct {
	Tweet
	id      uint64
	history []uint64 // all versions up to this one
	created time.Time
}

// Player is X.
type Player struct {
	token string
	clock func() time.Time

	mu       sync.Mutex
	refuses  bool
	rules    []Rule
	nextRule int
	lastID   uint64
	tweets   map[uint64]*stored // every version
	newest   map[uint64]uint64  // the newest version of a tweet, by its first id; none: deleted
	line     *connection
	waiting  [][]byte // raw lines for whoever connects next
	mute     bool
	loses    bool
	faults   []Fault
	requests []Request
	billed   int
	today    map[string]bool
	day      string
	lines    int
}

// Rule is a rule of the stream.
type Rule struct {
	ID    string `json:"id,omitempty"`
	Value string `json:"value"`
	Tag   string `json:"tag,omitempty"`
}

// connection is the one stream that is open.
type connection struct {
	queue [][]byte
	wake  chan struct{}
	gone  chan struct{} // closed to drop it
	over  chan struct{} // closed when it is served no more
	ended bool          // a clean end after the queue
}

// New makes a player that accepts this bearer token.
func New(token string, clock func() time.Time) *Player {
	return &Player{token: token, clock: clock, tweets: map[uint64]*stored{}, newest: map[uint64]uint64{}, today: map[string]bool{}}
}

// Say publishes a tweet and returns its id.
func (p *Player) Say(t Tweet) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.mint()
	one := &stored{Tweet: t, id: id, history: []uint64{id}, created: p.clock()}
	p.tweets[id], p.newest[id] = one, id
	p.push(one)
	return text(id)
}

// Edit changes a tweet's text: a new id with the same history.
func (p *Player) Edit(id, words string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.current(id)
	if before == nil {
		return ""
	}
	one := *before
	one.Text, one.id = words, p.mint()
	one.history = append(slices.Clone(before.history), one.id)
	p.tweets[one.id], p.newest[one.history[0]] = &one, one.id
	p.push(&one)
	return text(one.id)
}

// Delete removes a tweet with all its versions. Nobody is told.
func (p *Player) Delete(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.current(id); one != nil {
		delete(p.newest, one.history[0])
	}
}

// ScrubGeo takes the place off a tweet, as its author may. Nobody is told, and the
// id stays.
func (p *Player) ScrubGeo(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.current(id); one != nil {
		one.Point, one.Place = nil, nil
	}
}

// Repeat brings a version over the stream again, in another dress.
func (p *Player) Repeat(id string, dress int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.tweets[number(id)]; one != nil {
		again := *one
		again.Dress = dress
		p.push(&again)
	}
}

// Raw brings bytes as a line of the stream, now or to whoever connects next.
func (p *Player) Raw(line []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line == nil {
		p.waiting = append(p.waiting, line)
		return
	}
	p.line.send(line)
}

// Mute holds tweets and keep-alives back; the connection stays open, and what is
// held comes when it ends, unless the connection breaks before.
func (p *Player) Mute(mute bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = mute
	if p.line != nil {
		p.line.look()
	}
}

// Lose keeps what is written from the stream, as if nobody listened.
func (p *Player) Lose(lose bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loses = lose
}

// Break drops the connection in the middle of whatever it says.
func (p *Player) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line != nil {
		close(p.line.gone)
		p.line = nil
	}
}

// Disconnect ends the stream as X does before maintenance.
func (p *Player) Disconnect() {
	p.end(`{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","detail":"This stream has been disconnected upstream for operational reasons.","type":"https://api.x.com/2/problems/operational-disconnect"}]}`)
}

// Overcrowd ends the stream because too many are connected.
func (p *Player) Overcrowd() { p.end(tooMany) }

const tooMany = `{"title":"ConnectionException","detail":"This stream is currently at the maximum allowed connection limit.","connection_issue":"TooManyConnections","type":"https://api.x.com/2/problems/streaming-connection"}`

func (p *Player) end(last string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line != nil {
		p.line.send([]byte(last))
		p.line.ended = true
		p.line = nil
	}
}

// Refuse refuses the token from now on.
func (p *Player) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = true
}

// Fail gives these answers to the next requests to their paths.
func (p *Player) Fail(faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, faults...)
}

// Requests are those that came so far.
func (p *Player) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Rules are those that are set.
func (p *Player) Rules() []Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.rules)
}

// SetRules puts rules there that somebody else made.
func (p *Player) SetRules(rules ...Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = rules
}

// Billed is what was charged, in millionths of a US dollar, and how many lines
// with a tweet went over the stream.
func (p *Player) Billed() (micros, lines int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.billed, p.lines
}

// Connected says whether somebody listens to the stream.
func (p *Player) Connected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line != nil
}

// mint makes an id as X does: the time, and a number within the millisecond.
func (p *Player) mint() uint64 {
	id := uint64(p.clock().UnixMilli()-birth) << 22
	p.lastID = max(id, p.lastID+1)
	return p.lastID
}

// current is the newest version of a tweet, by any of its ids; nil once deleted.
func (p *Player) current(id string) *stored {
	one := p.tweets[number(id)]
	if one == nil {
		return nil
	}
	return p.tweets[p.newest[one.history[0]]]
}

func (p *Player) push(one *stored) {
	if p.line == nil || p.loses {
		return
	}
	p.bill(one)
	p.lines++
	p.line.send(p.render(one, true))
}

func (c *connection) send(line []byte) {
	c.queue = append(c.queue, line)
	c.look()
}

func (c *connection) look() {
	select {
	case c.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// bill counts an object once in a UTC day.
func (p *Player) bill(one *stored) {
	if day := p.clock().UTC().Format(time.DateOnly); day != p.day {
		p.day, p.today = day, map[string]bool{}
	}
	charge := func(key string, price int) {
		if !p.today[key] {
			p.today[key] = true
			p.billed += price
		}
	}
	charge("t"+text(one.id), TweetPrice)
	for i := range one.Photos {
		charge("m"+one.mediaKey(i), MediaPrice)
	}
	if original := p.current(one.RetweetOf); original != nil {
		charge("t"+text(original.id), TweetPrice)
	}
}

func text(id uint64) string { return strconv.FormatUint(id, 10) }

func number(id string) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
