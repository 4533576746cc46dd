package data

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/sctp"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
)

// patience ends a wait for what never comes, however slow the machine.
const patience = time.Minute

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// heard is a message that has come.
type heard struct {
	c    *Channel
	body string
	text bool
}

// rig is a peer served, and that peer's own end.
type rig struct {
	t      testing.TB
	client *sctp.Association
	opened chan *Channel
	heard  chan heard
	closed chan *Channel
	served chan struct{} // closed when Serve has returned
}

func newRig(t testing.TB, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, opened: make(chan *Channel, 64), heard: make(chan heard, 4096), closed: make(chan *Channel, 64), served: make(chan struct{})}
	cfg := Config{Limits: Default(), Log: quiet, Open: func(c *Channel) (Handler, bool) {
		r.opened <- c
		return Handler{
			Receive: func(_ context.Context, m []byte, text bool) { r.heard <- heard{c, string(m), text} },
			Closed:  func() { r.closed <- c },
		}, true
	}}
	cfg.PerSecond, cfg.AtOnce = 100_000, 100_000
	for _, f := range change {
		f(&cfg)
	}
	ours, theirs := net.Pipe()
	go func() { // owned by the rig, ended by its cleanup
		defer close(r.served)
		Serve(ours, cfg)
	}()
	var err error
	if r.client, err = sctp.ClientWithOptions(sctp.WithNetConn(theirs), sctp.WithLoggerFactory(pionlog.Factory{Log: quiet}), sctp.WithMaxMessageSize(1<<20)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.client.Close()
		_ = ours.Close()
		r.over()
	})
	return r
}

func next[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing", what)
		panic("unreachable")
	}
}

// over waits for the end of Serve.
func (r *rig) over() { r.t.Helper(); next(r.t, "the end", r.served) }

// dials opens a channel, which the peer is told of when the handler is.
func (r *rig) dials(id uint16, cfg datachannel.Config) *datachannel.DataChannel {
	r.t.Helper()
	cfg.LoggerFactory = pionlog.Factory{Log: quiet}
	d, err := datachannel.Dial(r.client, id, &cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func (r *rig) says(d *datachannel.DataChannel, m string, text bool) {
	r.t.Helper()
	if _, err := d.WriteDataChannel([]byte(m), text); err != nil {
		r.t.Fatal(err)
	}
}

// reads gives what comes by a channel, and then closes the Go channel.
func (r *rig) reads(d *datachannel.DataChannel) <-chan string {
	out := make(chan string, 4096)
	go func() { // owned by the rig, ended with the association
		defer close(out)
		buf := make([]byte, 1<<20)
		for {
			n, _, err := d.ReadDataChannel(buf)
			if err != nil {
				return
			}
			out <- string(buf[:n])
		}
	}()
	return out
}

func TestMessages(t *testing.T) {
	r := newRig(t)
	for id, ca := range []struct {
		kind     datachannel.ChannelType
		reliable bool
	}{
		{datachannel.ChannelTypeReliable, true},
		{datachannel.ChannelTypeReliableUnordered, true},
		{datachannel.ChannelTypePartialReliableRexmit, false},
		{datachannel.ChannelTypePartialReliableTimedUnordered, false},
	} {
		d := r.dials(uint16(id), datachannel.Config{ChannelType: ca.kind, Label: "chät", Protocol: "json"}) //nolint:gosec // four
		c := next(t, "channel", r.opened)
		if c.Label != "chät" || c.Protocol != "json" || c.Reliable != ca.reliable {
			t.Errorf("%+v", c)
		}
		came := r.reads(d)
		for _, m := range []heard{{c, "text", true}, {c, "\x00\xff", false}, {c, "", true}, {c, "", false}, {c, strings.Repeat("x", 64<<10), true}} {
			r.says(d, m.body, m.text)
			if got := next(t, "message", r.heard); got != m {
				t.Errorf("%.20q, %v instead of %.20q", got.body, got.text, m.body)
			}
			arrived := make(chan bool, 1)
			if err := c.Send([]byte(m.body), func(ok bool) { arrived <- ok }); err != nil {
				t.Fatal(err)
			}
			if got := next(t, "answer", came); got != m.body {
				t.Errorf("%.20q came instead of %.20q", got, m.body)
			}
			if !next(t, "word of its arrival", arrived) {
				t.Errorf("%.20q: not arrived", m.body)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if next(t, "end", r.closed) != c {
			t.Error("another has ended")
		}
		if err := c.Send(nil, nil); fault.Of(err) != fault.Gone {
			t.Errorf("sent afterwards: %v", err)
		}
		for range came { //nolint:revive // until our side is closed too
		}
	}
}

// What goes beyond a limit ends its channel; the others go on.
func TestLimits(t *testing.T) {
	long := strings.Repeat("l", 129)
	for name, opening := range map[string]func(*rig, *sctp.Stream) error{
		"label": func(_ *rig, s *sctp.Stream) error {
			_, err := datachannel.Client(s, &datachannel.Config{Label: long, LoggerFactory: pionlog.Factory{Log: quiet}})
			return err
		},
		"protocol": func(_ *rig, s *sctp.Stream) error {
			_, err := datachannel.Client(s, &datachannel.Config{Protocol: long, LoggerFactory: pionlog.Factory{Log: quiet}})
			return err
		},
		"label of no text": func(_ *rig, s *sctp.Stream) error {
			_, err := datachannel.Client(s, &datachannel.Config{Label: "\xff", LoggerFactory: pionlog.Factory{Log: quiet}})
			return err
		},
		"opening of 60,000 bytes": func(_ *rig, s *sctp.Stream) error {
			_, err := datachannel.Client(s, &datachannel.Config{Label: strings.Repeat("l", 60_000), LoggerFactory: pionlog.Factory{Log: quiet}})
			return err
		},
		"no opening": func(_ *rig, s *sctp.Stream) error {
			_, err := s.WriteSCTP([]byte("hello"), sctp.PayloadTypeWebRTCString)
			return err
		},
		"half an opening": func(_ *rig, s *sctp.Stream) error {
			_, err := s.WriteSCTP([]byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 9}, sctp.PayloadTypeWebRTCDCEP)
			return err
		},
		"opening with another length": func(_ *rig, s *sctp.Stream) error {
			_, err := s.WriteSCTP([]byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 'x'}, sctp.PayloadTypeWebRTCDCEP)
			return err
		},
		"an acknowledgement of nothing": func(_ *rig, s *sctp.Stream) error {
			_, err := s.WriteSCTP([]byte{2, 0, 0, 0}, sctp.PayloadTypeWebRTCDCEP)
			return err
		},
		"a message of 64 KiB and a byte": func(r *rig, s *sctp.Stream) error {
			d, err := datachannel.Client(s, &datachannel.Config{Label: "big", LoggerFactory: pionlog.Factory{Log: quiet}})
			if err != nil {
				return err
			}
			next(r.t, "channel", r.opened)
			_, err = d.Write(make([]byte, 64<<10+1))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			good := r.dials(1, datachannel.Config{Label: "good"})
			next(t, "channel", r.opened)
			bad, err := r.client.OpenStream(3, sctp.PayloadTypeWebRTCBinary)
			if err == nil {
				err = opening(r, bad)
			}
			if err != nil {
				t.Fatal(err)
			}
			for { // what we were told of it before its end: DCEP's ACK
				if _, _, err = bad.ReadSCTP(make([]byte, 100)); err != nil {
					break
				}
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("ended with %v", err)
			}
			if len(r.opened) != 0 || len(r.heard) != 0 {
				t.Errorf("%d opened, %d heard", len(r.opened), len(r.heard))
			}
			r.says(good, "goes on", true)
			if m := next(t, "message", r.heard); m.body != "goes on" {
				t.Errorf("%.20q", m.body)
			}
		})
	}
}

// One channel more than may be is closed; who goes on trying is let go of.
func TestChannelsAreLimited(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Channels, c.Refused = 3, 5 })
	var first *datachannel.DataChannel
	for id := range uint16(3) {
		d := r.dials(id, datachannel.Config{Label: "one of three"})
		if first == nil {
			first = d
		}
		next(t, "channel", r.opened)
	}
	r.dialsInVain(3)
	if err := first.Close(); err != nil { // there is room again
		t.Fatal(err)
	}
	next(t, "end", r.closed)
	r.dials(4, datachannel.Config{Label: "instead"})
	next(t, "channel", r.opened)
	for id := range uint16(5) {
		if _, err := datachannel.Dial(r.client, 10+id, &datachannel.Config{LoggerFactory: pionlog.Factory{Log: quiet}}); err != nil {
			break // let go of already
		}
		if id < 4 {
			continue
		}
		// Each is refused, however many at a time; the next word is one too many.
		if _, err := datachannel.Dial(r.client, 99, &datachannel.Config{LoggerFactory: pionlog.Factory{Log: quiet}}); err != nil {
			break
		}
	}
	r.over()
}

// dialsInVain opens a channel that is closed at once.
func (r *rig) dialsInVain(id uint16) {
	r.t.Helper()
	d := r.dials(id, datachannel.Config{Label: "too many"})
	if m, ok := <-r.reads(d); ok {
		r.t.Errorf("%q by a channel too many", m)
	}
}

// A handler that says no has the channel closed.
func TestNobodysChannel(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Open = func(*Channel) (Handler, bool) { return Handler{}, false } })
	r.dialsInVain(1)
}

// stuck is a connection whose packets are lost from when it is told on.
type stuck struct {
	net.Conn
	mu sync.Mutex
	on bool
}

func (s *stuck) is(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
}

func (s *stuck) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

// What a peer does not take is bounded, in all its channels, and sending waits for nobody. What is
// lost on the way arrives later; what never does its sender learns of.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		wire := &stuck{Conn: ours}
		opened := make(chan *Channel, 1)
		served := make(chan struct{})
		cfg := Config{Limits: Default(), Log: quiet, Open: func(c *Channel) (Handler, bool) {
			opened <- c
			return Handler{Receive: func(context.Context, []byte, bool) {}, Closed: func() {}}, true
		}}
		go func() { // owned by the test, which waits for it
			defer close(served)
			Serve(wire, cfg)
		}()
		client, err := sctp.ClientWithOptions(sctp.WithNetConn(theirs), sctp.WithLoggerFactory(pionlog.Factory{Log: quiet}))
		if err != nil {
			t.Fatal(err)
		}
		d, err := datachannel.Dial(client, 1, &datachannel.Config{Label: "chat", LoggerFactory: pionlog.Factory{Log: quiet}})
		if err != nil {
			t.Fatal(err)
		}
		c := <-opened
		var got int
		read := make(chan struct{})
		go func() { // owned by the test, ended with the association
			defer close(read)
			buf := make([]byte, 64<<10)
			for {
				n, _, err := d.ReadDataChannel(buf)
				if err != nil {
					return
				}
				got += n
			}
		}()
		synctest.Wait()
		var arrived, lost, sent int
		done := func(ok bool) {
			if ok {
				arrived++
			} else {
				lost++
			}
		}
		fill := func() {
			t.Helper()
			message := bytes.Repeat([]byte("x"), 10_000)
			for {
				err := c.Send(message, done)
				if fault.Of(err) == fault.TooMany {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				sent++
			}
		}
		wire.is(true)
		fill()
		if sent != 26 || arrived != 0 { // 256 KiB
			t.Errorf("%d sent, %d arrived", sent, arrived)
		}
		if err := c.Send(make([]byte, 64<<10+1), nil); fault.Of(err) != fault.TooLarge {
			t.Errorf("64 KiB and a byte: %v", err)
		}
		wire.is(false)
		time.Sleep(time.Minute) // what was lost is sent again
		synctest.Wait()
		if arrived != sent || got != sent*10_000 {
			t.Errorf("%d of %d arrived, %d bytes", arrived, sent, got)
		}
		arrived, sent = 0, 0
		wire.is(true)
		fill()
		_ = client.Close()
		_ = ours.Close()
		<-served
		<-read
		synctest.Wait()
		if arrived != 0 || lost != sent {
			t.Errorf("%d sent, %d arrived, %d lost", sent, arrived, lost)
		}
	})
}

// Who floods is heard as often as may be, and waits itself.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		served := make(chan struct{})
		var mu sync.Mutex
		n := 0
		cfg := Config{Limits: Default(), Log: quiet, Open: func(*Channel) (Handler, bool) {
			return Handler{Receive: func(context.Context, []byte, bool) {
				mu.Lock()
				defer mu.Unlock()
				n++
			}, Closed: func() {}}, true
		}}
		cfg.PerSecond, cfg.AtOnce = 10, 50
		go func() { // owned by the test, which waits for it
			defer close(served)
			Serve(ours, cfg)
		}()
		client, err := sctp.ClientWithOptions(sctp.WithNetConn(theirs), sctp.WithLoggerFactory(pionlog.Factory{Log: quiet}))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for id := range uint16(4) { // by several channels at a time
			d, err := datachannel.Dial(client, id, &datachannel.Config{Label: "chat", LoggerFactory: pionlog.Factory{Log: quiet}})
			if err != nil {
				t.Fatal(err)
			}
			for range 2000 {
				if _, err := d.WriteDataChannel(bytes.Repeat([]byte("x"), 1000), true); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		mu.Lock()
		most := 50 + int(10*time.Since(began).Seconds())
		if n > most || n < most-20 {
			t.Errorf("%d heard after %v, at most %d may be", n, time.Since(began), most)
		}
		mu.Unlock()
		_ = client.Close()
		_ = ours.Close()
		<-served
	})
}

// The peer may end all of it at once, in a word or without one, or never begin.
func TestEnds(t *testing.T) {
	r := newRig(t)
	r.dials(1, datachannel.Config{Label: "chat"})
	c := next(t, "channel", r.opened)
	r.client.Abort("enough")
	r.over()
	if next(t, "end of the channel", r.closed) != c {
		t.Error("another has ended")
	}
	ours, theirs := net.Pipe()
	served := make(chan struct{})
	go func() { // owned by the test, which waits for it
		defer close(served)
		Serve(ours, Config{Limits: Default(), Log: quiet})
	}()
	_ = theirs.Close()
	next(t, "end of what never began", served)
}

// A handler that panics costs its peer the data channels.
func TestPanic(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Open = func(*Channel) (Handler, bool) {
			return Handler{Receive: func(context.Context, []byte, bool) { panic("on purpose") }, Closed: func() {}}, true
		}
	})
	r.says(r.dials(1, datachannel.Config{}), "x", true)
	r.over()
}

// Whatever comes as a channel's opening and messages, the others of the peer go on, or the
// association ends; nothing panics, and nothing longer than may be is heard.
func FuzzMessages(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 'c', 'h', 'a', 't'}, uint32(50), []byte("hello"), uint32(51))
	f.Add([]byte{3, 0x82, 1, 0, 0, 0, 0, 9, 0, 0, 0, 1, 'p'}, uint32(50), []byte{2}, uint32(50))
	f.Add([]byte{2}, uint32(50), []byte{0}, uint32(56))
	f.Add([]byte{3, 7, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, uint32(50), []byte{}, uint32(57))
	f.Add([]byte("GET /"), uint32(53), []byte{3, 0}, uint32(0))
	f.Fuzz(func(t *testing.T, opening []byte, openingKind uint32, message []byte, kind uint32) {
		r := newRig(t)
		s, err := r.client.OpenStream(5, sctp.PayloadTypeWebRTCBinary)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []struct {
			b []byte
			k uint32
		}{{opening, openingKind}, {message, kind}} {
			if _, err := s.WriteSCTP(m.b, sctp.PayloadProtocolIdentifier(m.k)); err != nil {
				t.Skip(err) // more than may be sent at all
			}
		}
		good := r.dials(7, datachannel.Config{Label: "good"})
		r.says(good, "still there", true)
		for {
			m := next(t, "message", r.heard)
			if len(m.body) > 64<<10 {
				t.Fatalf("%d bytes", len(m.body))
			}
			if m.c.Label == "good" && m.body == "still there" {
				return
			}
		}
	})
}
