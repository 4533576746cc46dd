// Package referral tells a transferer how far the transfer is that it has asked for by REFER:
// the NOTIFYs of RFC 3515 §2.4.4, one after the other, and a last one.
//
// Goroutines: one per Progress while there is something to send; it ends with the last NOTIFY,
// or with End.
package referral

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
)

// notifyTimeout bounds one NOTIFY; its transaction is over by then.
const notifyTimeout = 40 * time.Second

// Send sends one NOTIFY and waits for its answer.
type Send func(ctx context.Context, body []byte, hs ...message.Header) error

// Progress is one transfer that is reported.
type Progress struct {
	log  *slog.Logger
	id   string // of the Event, which tells it from others of the dialog; empty for the first
	over context.CancelFunc
	live context.Context //nolint:containedctx // the subscription's own life

	mu      sync.Mutex
	send    Send  // nil until Begin
	waiting []int // statuses to be sent
	sending bool
	last    bool // nothing follows what waits
}

// New makes a Progress of a REFER. id is empty for the first of a dialog.
func New(id string, log *slog.Logger) *Progress {
	p := &Progress{id: id, log: log}
	p.live, p.over = context.WithCancel(context.Background())
	return p
}

// Begin says how NOTIFYs are sent, once the REFER is accepted. nil sends none.
func (p *Progress) Begin(send Send) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if send == nil {
		send = func(context.Context, []byte, ...message.Header) error { return nil }
	}
	p.send = send
	p.begin()
}

// Tell has the transferer told of a SIP status; after one of 200 or more, nothing. It never
// waits.
func (p *Progress) Tell(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last || p.live.Err() != nil {
		return
	}
	p.waiting = append(p.waiting, status)
	p.last = status >= 200
	p.begin()
}

// begin starts to send what waits. The lock is held.
func (p *Progress) begin() {
	if p.sending || p.send == nil || len(p.waiting) == 0 {
		return
	}
	p.sending = true
	go p.run() // owned by p; ends when nothing waits
}

func (p *Progress) run() {
	defer guard.Recover(p.log, "the progress of a transfer", p.over)
	for {
		p.mu.Lock()
		if len(p.waiting) == 0 || p.live.Err() != nil {
			p.sending = false
			p.mu.Unlock()
			return
		}
		status := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
		p.notify(status)
		if status >= 200 {
			p.over()
		}
	}
}

func (p *Progress) notify(status int) {
	ctx, cancel := context.WithTimeout(p.live, notifyTimeout)
	defer cancel()
	event := "refer"
	if p.id != "" {
		event += ";id=" + p.id
	}
	err := p.send(ctx, refer.Fragment(status),
		message.Header{Name: "Event", Value: event},
		message.Header{Name: "Subscription-State", Value: refer.State(status)})
	if err != nil {
		p.log.Info("transferer not told of the progress", "status", status, "err", err)
		p.over() // RFC 6665 §4.2.2: it is not there any more, or does not want to know
	}
}

// Done is closed when nothing more is told.
func (p *Progress) Done() <-chan struct{} { return p.live.Done() }

// lastWord bounds how long a dialog is kept for the last word: who is called in the
// transferer's place may ring for ever.
const lastWord = 3 * time.Minute

// Await waits until nothing more is told, or long enough. nil is no transfer.
func (p *Progress) Await() {
	if p == nil {
		return
	}
	enough := time.NewTimer(lastWord)
	defer enough.Stop()
	select {
	case <-p.Done():
	case <-enough.C:
	}
}

// Over reports whether nothing more is told.
func (p *Progress) Over() bool { return p.live.Err() != nil }

// End ends it without a word, as the end of its dialog does.
func (p *Progress) End() { p.over() }
