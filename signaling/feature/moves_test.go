package feature

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// A hang-up waits while the party goes to who waits, and knows then whom it has left.
func TestSwapIsWhole(t *testing.T) {
	codec := g711.MuLaw()
	h := signaltest.New(t, signaltest.NewMixer(t, codec))
	up := func(name string) *signaling.Channel {
		c, _ := h.CallUp(name, h.Phone(codec, 0))
		return c
	}
	me, waits, asked := up("1001"), up("1002"), up("1003")
	pair := func(of ...*signaling.Channel) *signaling.Bridge {
		b := h.Engine.NewBridge(signaling.BridgeConfig{Creator: "Dial", Pair: true})
		b.Stay(true)
		for _, c := range of {
			if err := b.Add(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	first, second := pair(waits), pair(me, asked)
	defer first.Close() // it stays
	service := New(Config{Transfers: transfer.New(transfer.Config{Engine: h.Engine})})
	q := &inquiry{c: &Conversation{service: service}, p: &party{channel: me}, a: &absence{bridge: first, waits: waits}}
	came, back := make(chan bool, 1), make(chan struct{})
	sub := h.Engine.Bus().Subscribe(1, func(e *event.Event) bool { // asked while Add is at it
		if e.Type == event.ChannelEnteredBridge && e.Channel == string(me.ID()) && e.Bridge == string(first.ID()) {
			free := q.moves.TryLock()
			if free {
				q.moves.Unlock()
			}
			came <- free
			go func() { // ended below
				defer close(back)
				q.swapBack(t.Context())
			}()
		}
		return false
	})
	defer sub.Close()
	q.swap(t.Context())
	if free := signaltest.Receive(t, "the party's coming", came); free {
		t.Error("a hang-up could come between")
	}
	signaltest.Receive(t, "its way back", back)
	if now := me.Snapshot().Bridge; now != second.ID() || q.left.Load() != nil {
		t.Errorf("in %s, not %s; left %v", now, second.ID(), q.left.Load())
	}
}
