package trunk

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// town is a stack in virtual time with a registrar for each host: what it answers, and
// who was asked, when.
type town struct {
	mu     sync.Mutex
	answer map[string]int    // by host; 0 is nothing at all, after the time that was left
	route  map[string]string // Service-Route of its 200, by host
	asked  []string
	at     []time.Time
	last   sip.Outbound
	log    logtest.Log
}

func (s *town) Request(ctx context.Context, o sip.Outbound) (*message.Response, error) {
	s.mu.Lock()
	status, known := s.answer[o.Target.Host]
	more := ""
	if route := s.route[o.Target.Host]; route != "" && status == 200 {
		more = "Service-Route: " + route + "\r\n"
	}
	s.asked, s.at, s.last = append(s.asked, o.Target.Host), append(s.at, time.Now()), o
	s.mu.Unlock()
	switch {
	case !known:
		return nil, fault.New(fault.Unreachable, "connection refused")
	case status == 0:
		<-ctx.Done()
		return nil, fault.New(fault.Timeout, "no answer")
	}
	p, err := message.Parse([]byte("SIP/2.0 " + map[int]string{200: "200 OK", 403: "403 Forbidden", 503: "503 Busy"}[status] +
		"\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nRetry-After: 90\r\n" + more + "\r\n"))
	if err != nil {
		return nil, err
	}
	r := message.NewResponse(p, message.Source{Flow: message.FlowID("to " + o.Target.Host)})
	if status >= 300 {
		return r, r.Err()
	}
	return r, nil
}

// took gives who was asked since the last call.
func (s *town) took() (hosts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hosts = strings.Join(s.asked, " ")
	s.asked, s.at = nil, nil
	return hosts
}

func (s *town) set(host string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer[host] = status
}

// inTown is a registration with one, two and three.example, which stand in for one another.
func inTown(t *testing.T, answer map[string]int) (*Registrations, *town) {
	s := &town{answer: answer, route: make(map[string]string)}
	r := NewRegistrations(s, slog.New(slog.NewTextHandler(&s.log, nil)), nil)
	c := provider(t)
	c.Server, c.Others = uri(t, "sip:one.example"), []message.URI{uri(t, "sip:two.example"), uri(t, "sip:three.example")}
	c.Line, c.Endpoint = true, "carrier"
	configure(t, r, c)
	return r, s
}

// Another server is asked at once when one fails, and kept while it answers.
func TestAnotherServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r, s := inTown(t, map[string]int{"one.example": 0, "two.example": 503, "three.example": 200})
		time.Sleep(oneOfSeveral)
		st := state(t, r, Registered)
		if got := s.took(); got != "one.example two.example three.example" || st.At.Host != "three.example" || st.Since.Sub(began) != oneOfSeveral {
			t.Errorf("asked %s, registered with %s after %v", got, st.At, st.Since.Sub(began))
		}
		if n := len(s.last.Contacts); n != 1 || s.last.CSeq == 0 {
			t.Errorf("sent %+v", s.last)
		}
		s.set("one.example", 200)
		time.Sleep(time.Hour)
		if got := s.took(); got != "three.example" {
			t.Errorf("refreshed with %s", got)
		}
		s.set("three.example", 503)
		time.Sleep(time.Hour)
		if got := s.took(); got != "three.example one.example" {
			t.Errorf("asked %s", got)
		}
		state(t, r, Registered)
		stop(t, r)
		if got := s.took(); got != "one.example" {
			t.Errorf("unregistered with %s", got)
		}
	})
}

// All fail: then the wait is as ever, and it begins with the next one; what asks for a
// rest gets it. A refusal is the same everywhere and not carried on.
func TestNoServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := inTown(t, map[string]int{"one.example": 503, "two.example": 503, "three.example": 503})
		st := state(t, r, Unregistered)
		if got := s.took(); got != "one.example two.example three.example" || time.Until(st.Next) != 90*time.Second || st.Failures != 1 || st.LastStatus != 503 {
			t.Errorf("asked %s, state %+v", got, st)
		}
		s.set("one.example", 403)
		time.Sleep(90 * time.Second)
		st = state(t, r, Rejected)
		if got := s.took(); got != "one.example" || st.LastStatus != 403 || !st.Next.IsZero() {
			t.Errorf("asked %s, state %+v", got, st)
		}
		r.Answered("carrier") // it answers, and it has refused
		synctest.Wait()
		if got := s.took(); got != "" {
			t.Errorf("asked %s", got)
		}
		s.set("one.example", 200)
		if err := r.Retry("provider"); err != nil {
			t.Fatal(err)
		}
		state(t, r, Registered)
		stop(t, r)
	})
}

// A connection that ends takes the registration with it, and a server that answers
// OPTIONS again is not waited for.
func TestRegisteredAnewAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := inTown(t, map[string]int{"one.example": 200})
		state(t, r, Registered)
		s.took()
		r.FlowClosed("to elsewhere")
		r.Answered("carrier") // it is registered
		synctest.Wait()
		if got := s.took(); got != "" {
			t.Errorf("asked %s", got)
		}
		r.FlowClosed("to one.example")
		state(t, r, Registered)
		if got := s.took(); got != "one.example" {
			t.Errorf("asked %s", got)
		}
		s.set("one.example", 503)
		r.FlowClosed("to one.example")
		if st := state(t, r, Registered); st.Failures != 1 || st.LastError == "" { // what was granted lasts
			t.Errorf("state %+v", st)
		}
		s.took()
		s.set("one.example", 200)
		r.Answered("another")
		synctest.Wait()
		if got := s.took(); got != "" {
			t.Errorf("asked %s", got)
		}
		r.Answered("Carrier")
		if st := state(t, r, Registered); st.Failures != 0 {
			t.Errorf("state %+v", st)
		}
		stop(t, r)
	})
}

// The contact's line tells whose calls those of the registrar are, and nobody's else.
func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := inTown(t, map[string]int{"one.example": 200})
		state(t, r, Registered)
		word := s.last.Contacts[0].URI.Params.Value("line")
		if len(word) != 24 || r.Line(word) != "carrier" {
			t.Errorf("line %q is of %q", word, r.Line(word))
		}
		for _, other := range []string{"", "carrier", word + "0", strings.ToUpper(word)} {
			if got := r.Line(other); got != "" && other != word {
				t.Errorf("line %q is of %q", other, got)
			}
		}
		other := NewRegistrations(s, slog.New(slog.DiscardHandler), nil)
		if other.lineOf(&Config{Name: "provider", Line: true}) == word {
			t.Error("it can be guessed")
		}
		stop(t, r)
		if r.Line(word) != "" {
			t.Error("it is known after the end")
		}
	})
}
