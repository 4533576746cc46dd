package peer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Event is something that happened on a phone. Type is REGISTER_OK,
// REGISTER_FAIL, CALL_INCOMING, CALL_RINGING, CALL_PROGRESS, CALL_ESTABLISHED,
// CALL_CLOSED, CALL_DTMF_START and so on.
type Event struct {
	Type    string `json:"type"`
	Param   string `json:"param"` // the reason, or the digit
	PeerURI string `json:"peeruri"`
	ID      string `json:"id"`
}

// control speaks to a baresip's ctrl_tcp module: JSON in netstrings.
type control struct {
	name string
	conn net.Conn
	gone chan struct{} // closed when the connection is

	mu      sync.Mutex
	events  []Event
	more    chan struct{} // closed at the next event; nil while nobody waits
	answers map[string]chan answer
	tokens  int
}

type answer struct {
	OK   bool   `json:"ok"`
	Data string `json:"data"`
}

// take takes control over conn until t ends.
func take(t testing.TB, name string, conn net.Conn) *control {
	c := &control{name: name, conn: conn, gone: make(chan struct{}), answers: map[string]chan answer{}}
	// owned by c: ends with conn, which the cleanup closes
	go c.read()
	t.Cleanup(func() {
		// It may have been closed from the other side.
		_ = conn.Close()
		<-c.gone
	})
	return c
}

func (c *control) read() {
	defer close(c.gone)
	in := bufio.NewReader(c.conn)
	for {
		raw, err := readNetstring(in)
		if err != nil {
			return // the phone or the test has ended
		}
		var m struct {
			IsEvent bool   `json:"event"`
			Token   string `json:"token"`
			Event
			answer
		}
		if json.Unmarshal(raw, &m) != nil {
			continue
		}
		c.mu.Lock()
		if m.IsEvent {
			c.events = append(c.events, m.Event)
			if c.more != nil {
				close(c.more)
				c.more = nil
			}
		} else if waiting := c.answers[m.Token]; waiting != nil {
			waiting <- m.answer
			delete(c.answers, m.Token)
		}
		c.mu.Unlock()
	}
}

// Await waits for the next event of one of the types and takes it and all before
// it away.
func (c *control) Await(t testing.TB, types ...string) Event {
	t.Helper()
	end := time.NewTimer(limit)
	defer end.Stop()
	var passed []string
	for {
		e, more, ok := c.next()
		if ok {
			if slices.Contains(types, e.Type) {
				return e
			}
			passed = append(passed, e.Type)
			continue
		}
		select {
		case <-more:
		case <-c.gone:
			t.Fatalf("%s ended; it had %v, not %v", c.name, passed, types)
		case <-end.C:
			t.Fatalf("%s had %v, not %v", c.name, passed, types)
		}
	}
}

func (c *control) next() (e Event, more <-chan struct{}, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) > 0 {
		e, c.events = c.events[0], c.events[1:]
		return e, nil, true
	}
	if c.more == nil {
		c.more = make(chan struct{})
	}
	return e, c.more, false
}

// command has the phone do something, and gives what it says to that.
func (c *control) command(t testing.TB, name, params string) string {
	t.Helper()
	c.mu.Lock()
	c.tokens++
	token := strconv.Itoa(c.tokens)
	done := make(chan answer, 1)
	c.answers[token] = done
	c.mu.Unlock()

	raw, err := json.Marshal(map[string]string{"command": name, "params": params, "token": token})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c.conn, "%d:%s,", len(raw), raw); err != nil {
		t.Fatalf("tell %s to %s: %v", c.name, name, err)
	}
	end := time.NewTimer(limit)
	defer end.Stop()
	select {
	case a := <-done:
		if !a.OK {
			t.Fatalf("%s does not %s %s: %s", c.name, name, params, a.Data)
		}
		return a.Data
	case <-c.gone:
		t.Fatalf("%s ended when told to %s", c.name, name)
	case <-end.C:
		t.Fatalf("%s says nothing when told to %s", c.name, name)
	}
	return ""
}

// readNetstring reads LENGTH:BYTES, as in cr.yp.to/proto/netstrings.txt.
func readNetstring(in *bufio.Reader) ([]byte, error) {
	head, err := in.ReadString(':')
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil || size < 0 || size > 1<<20 {
		return nil, errors.New("not a netstring")
	}
	raw := make([]byte, size+1)
	if _, err := io.ReadFull(in, raw); err != nil {
		return nil, err
	}
	if raw[size] != ',' {
		return nil, errors.New("not a netstring")
	}
	return raw[:size], nil
}
