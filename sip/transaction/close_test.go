package transaction

import (
	"runtime"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// hooked is a wire that does something while a response is sent.
type hooked struct {
	*wire.Wire
	during func()
}

func (h *hooked) Send(b []byte) error {
	if f := h.during; f != nil {
		h.during = nil
		f()
	}
	return h.Wire.Send(b)
}

func invited(t *testing.T) *message.Request {
	t.Helper()
	p, err := message.Parse([]byte(wire.Invite))
	if err != nil {
		t.Fatal(err)
	}
	return message.NewRequest(p, wire.New().Source())
}

// An INVITE that is accepted while the table is closed leaves nothing behind: Close has
// made its list of what there is, and what takes a transaction's place after that is on no
// list.
func TestNothingIsLeftByAnAnswerThatCrossesClose(t *testing.T) {
	table := newTable()
	w := &hooked{Wire: wire.New()}
	tx, got := table.Arrive(invited(t), w, "tag", false)
	if got != New {
		t.Fatalf("arrival %v", got)
	}
	closed := make(chan struct{})
	w.during = func() {
		go func() { defer close(closed); table.Close() }() // ends when tx's lock is free
		for listed := false; !listed; runtime.Gosched() {
			table.mu.Lock()
			listed = table.down // from then on its list is made
			table.mu.Unlock()
		}
	}
	if err := tx.Respond(200, []byte("SIP/2.0 200")); err != nil {
		t.Fatal(err)
	}
	<-closed
	forgotten(t, table)
	if n := table.merged.Len() + table.left.merged.Len(); n > 0 {
		t.Errorf("%d are known still by their Call-ID", n)
	}
}

// A transaction that the table ends before it has begun begins no timer.
func TestNoTimerBeginsAfterClose(t *testing.T) {
	table := newTable()
	req := invited(t)
	tx := &Server{table: table, key: table.press.key(req, "INVITE"), merge: table.press.merge(req), req: req, flow: wire.New(), tag: "tag"}
	table.addServer(tx, table.limit)
	table.Close()
	tx.start()
	if tx.again != nil || tx.life != nil {
		t.Error("a timer runs")
	}
	forgotten(t, table)
}
