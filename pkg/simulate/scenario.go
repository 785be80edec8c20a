// Package simulate plays scripted crises through the real endpoints: signed
// webhooks, the app API, and scripted people who work the desk API like anyone.
package simulate

import (
	"bufio"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed scenarios/*.txt
var scenarios embed.FS

// Scenario is a script: what happened, and what people sent about it.
type Scenario struct {
	Name      string
	Crisis    string
	Area      [4]float64 // west, south, east, north in degrees
	TimeZone  string
	Languages []string
	Events    map[string]Event
	Lines     []Line // by At
}

// Event is one thing that happened in the script, or was only said to.
type Event struct {
	Key      string
	Category string
	Severity string
	Lon, Lat float64
	// Truth is "true", "rumour" or "unclear".
	Truth string
	Place string
}

// Line is one message: when, from whom, how, and about what.
type Line struct {
	At       time.Duration
	Channel  string // sms or app
	Sender   string
	Language string
	Event    string
	Text     string
}

// Names lists the scenarios that come with Onyo.
func Names() []string {
	files, err := fs.Glob(scenarios, "scenarios/*.txt")
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(file, "scenarios/"), ".txt"))
	}
	return names
}

// Open reads one of the scenarios that come with Onyo.
func Open(name string) (*Scenario, error) {
	file, err := scenarios.Open("scenarios/" + name + ".txt")
	if err != nil {
		return nil, fmt.Errorf("there is no scenario %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	defer file.Close()
	return Parse(file)
}

// Parse reads a scenario; its first comment says how one is written.
func Parse(r io.Reader) (*Scenario, error) {
	scenario := &Scenario{Events: map[string]Event{}}
	scanner := bufio.NewScanner(r)
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := scenario.read(line); err != nil {
			return nil, fmt.Errorf("scenario line %d: %w", number, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	for _, line := range scenario.Lines {
		if _, ok := scenario.Events[line.Event]; !ok {
			return nil, fmt.Errorf("a message is about %q, which is no event of this scenario", line.Event)
		}
	}
	return scenario, nil
}

func (s *Scenario) read(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "name":
		s.Name = rest
	case "crisis":
		s.Crisis = rest
	case "timezone":
		s.TimeZone = rest
	case "languages":
		s.Languages = strings.Split(rest, ",")
	case "area":
		for i, part := range strings.SplitN(rest, ",", 4) {
			degrees, err := strconv.ParseFloat(part, 64)
			if err != nil {
				return fmt.Errorf("area: %w", err)
			}
			s.Area[i] = degrees
		}
	case "event":
		return s.readEvent(rest)
	default:
		return s.readLine(line)
	}
	return nil
}

func (s *Scenario) readEvent(rest string) error {
	fields := strings.SplitN(rest, " ", 7)
	if len(fields) != 7 {
		return fmt.Errorf("an event has a key, category, severity, lon, lat, truth and place")
	}
	lon, err := strconv.ParseFloat(fields[3], 64)
	if err != nil {
		return fmt.Errorf("lon: %w", err)
	}
	lat, err := strconv.ParseFloat(fields[4], 64)
	if err != nil {
		return fmt.Errorf("lat: %w", err)
	}
	place, err := strconv.Unquote(fields[6])
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	s.Events[fields[0]] = Event{Key: fields[0], Category: fields[1], Severity: fields[2], Lon: lon, Lat: lat, Truth: fields[5], Place: place}
	return nil
}

func (s *Scenario) readLine(line string) error {
	fields := strings.SplitN(line, " ", 6)
	if len(fields) != 6 {
		return fmt.Errorf("a message has seconds, channel, sender, language, event and text")
	}
	seconds, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return fmt.Errorf("seconds: %w", err)
	}
	if fields[1] != "sms" && fields[1] != "app" {
		return fmt.Errorf("there is no channel %q here", fields[1])
	}
	s.Lines = append(s.Lines, Line{At: time.Duration(seconds * float64(time.Second)), Channel: fields[1],
		Sender: fields[2], Language: fields[3], Event: fields[4], Text: fields[5]})
	return nil
}

// Length is when the last message is sent.
func (s *Scenario) Length() time.Duration {
	var last time.Duration
	for _, line := range s.Lines {
		last = max(last, line.At)
	}
	return last
}

// About maps each text to the event it is about: how scripted people know.
func (s *Scenario) About() map[string]Event {
	about := map[string]Event{}
	for _, line := range s.Lines {
		about[line.Text] = s.Events[line.Event]
	}
	return about
}
