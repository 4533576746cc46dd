package transaction

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/footprint"
	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// mute is a flow that keeps nothing.
type mute struct{ *wire.Wire }

func (mute) Send([]byte) error { return nil }

// BenchmarkAnswered is a request over UDP that is read, and answered with 400 bytes; it tells
// what stays of one for 64·T1.
func BenchmarkAnswered(b *testing.B) {
	flow, answer := mute{wire.New()}, bytes.Repeat([]byte{'x'}, 400)
	table := NewTable(Timers{T1: wire.T1, T2: 8 * wire.T1, T4: 10 * wire.T1}, math.MaxInt, nil, guarded)
	defer table.Close()
	options := bytes.ReplaceAll([]byte(wire.Invite), []byte("INVITE"), []byte("OPTIONS"))
	n, before := 0, footprint.Take().Live
	b.ReportAllocs()
	for b.Loop() {
		n++
		text := bytes.ReplaceAll(options, []byte("776asdhds"), fmt.Appendf(nil, "branch%d", n))
		p, err := message.Parse(bytes.ReplaceAll(text, []byte("a84b"), fmt.Appendf(nil, "call%d", n)))
		if err != nil {
			b.Fatal(err)
		}
		tx, got := table.Arrive(message.NewRequest(p, flow.Source()), flow, "tag", false)
		if got != New {
			b.Fatalf("request %d: %v", n, got)
		}
		if err := tx.Respond(200, answer); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(footprint.Take().Live-before)/float64(n), "B/transaction")
}
