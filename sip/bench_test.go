package sip

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// answering answers in the reader's own time.
type answering struct{}

func (answering) OnInvite(*IncomingInvite)     {}
func (answering) OnRequest(r *IncomingRequest) { _ = r.Respond(Reply{}) } // it is measured, not read

// BenchmarkRequest is one OPTIONS from its bytes to the bytes of its answer, with
// a transaction of its own, without a socket.
func BenchmarkRequest(b *testing.B) {
	cfg := Default()
	cfg.MaxTransactions, cfg.MaxHandlers = 1<<30, 1<<30
	s, err := NewServer(cfg, answering{}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	w := &counting{Wire: wire.New(), got: make(chan struct{}, 1)}
	w.Stream = true
	text := strings.Replace(wire.Invite, "INVITE", "OPTIONS", 2)
	parts := strings.SplitN(text, "776asdhds", 2)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m, err := message.Parse([]byte(parts[0] + message.NewTag() + parts[1]))
		if err != nil {
			b.Fatal(err)
		}
		s.receive(w, m, err)
		<-w.got
	}
	b.StopTimer()
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}

type counting struct {
	*wire.Wire
	got chan struct{}
}

func (c *counting) Send([]byte) error {
	c.got <- struct{}{}
	return nil
}
