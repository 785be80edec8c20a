package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := &Limiter{PerMinute: 3, Clock: func() time.Time { return now }}
	for i := range 3 {
		if err := l.Allow("a", "Too many."); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	var problem *Problem
	if err := l.Allow("a", "Too many."); !errors.As(err, &problem) || problem.Status != http.StatusTooManyRequests || problem.Header["Retry-After"] != "20" {
		t.Errorf("the fourth: %v %v", err, problem)
	}
	if err := l.Allow("b", "Too many."); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	now = now.Add(21 * time.Second)
	if err := l.Allow("a", "Too many."); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if err := (&Limiter{}).Allow("a", ""); err != nil {
		t.Errorf("off is off: %v", err)
	}
}

func TestCallers(t *testing.T) {
	behind := Callers{Proxies: []netip.Prefix{netip.MustParsePrefix("172.16.0.0/12")}}
	for _, test := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:50", "", "203.0.113.9"},
		{"203.0.113.9:50", "198.51.100.1", "203.0.113.9"}, // a stranger is not believed
		{"127.0.0.1:50", "198.51.100.1", "198.51.100.1"},
		{"172.18.0.2:50", "10.0.0.1, 198.51.100.1", "198.51.100.1"},
		{"172.18.0.2:50", "198.51.100.1, 172.18.0.3", "198.51.100.1"},
		{"127.0.0.1:50", "nonsense", "127.0.0.1"},
		{"[2001:db8:1:2:3:4:5:6]:50", "", "2001:db8:1:2::/64"},
		{"[::ffff:203.0.113.9]:50", "", "203.0.113.9"},
	} {
		request := httptest.NewRequest(http.MethodPost, "/report", nil)
		request.RemoteAddr = test.peer
		if test.forwarded != "" {
			request.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := behind.Of(request); got != test.want {
			t.Errorf("%s for %q is %s, want %s", test.peer, test.forwarded, got, test.want)
		}
	}
}
