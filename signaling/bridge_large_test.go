package signaling_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// What a snapshot or an event says of the members stays so, whoever comes and goes later.
func TestMembersOfASnapshotStay(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{AlwaysMix: true})
	defer b.Close()
	events := h.Events()
	var in []*signaling.Channel
	var ids []signaling.ChannelID
	type taken struct{ got, want []signaling.ChannelID }
	var all []taken
	take := func() { all = append(all, taken{b.Snapshot().Channels, slices.Clone(ids)}) }
	for n := range 12 {
		c := h.Call(h.Leg(fmt.Sprint(n), nil, signaltest.Script{}))
		ok(t, b.Add(t.Context(), c))
		in, ids = append(in, c), append(ids, c.ID())
		take()
		if n%3 == 2 { // from the middle, and then others in its place
			ok(t, b.Remove(t.Context(), in[n/2]))
			in, ids = slices.Delete(in, n/2, n/2+1), slices.Delete(ids, n/2, n/2+1)
			take()
		}
	}
	for i, s := range all {
		if !slices.Equal(s.got, s.want) {
			t.Errorf("snapshot %d says %v, was %v", i, s.got, s.want)
		}
	}
	i := 0
	for _, e := range events() {
		if d, is := e.Data.(signaling.BridgeEvent); is && (e.Type == event.ChannelEnteredBridge || e.Type == event.ChannelLeftBridge) {
			if !slices.Equal(d.Bridge.Channels, all[i].want) {
				t.Errorf("event %d says %v, was %v", i, d.Bridge.Channels, all[i].want)
			}
			i++
		}
	}
	if i != len(all) {
		t.Errorf("%d events, want %d", i, len(all))
	}
	if one, other := b.Snapshot().Channels, b.Snapshot().Channels; &one[0] != &other[0] {
		t.Error("a snapshot copies the list of members")
	}
}

// BenchmarkJoin is one more member of a bridge, and its leaving; that the others stay where
// they are shows in its cost being that of one.
func BenchmarkJoin(bench *testing.B) {
	for _, members := range []int{3, 30, 100} {
		bench.Run(fmt.Sprint(members), func(bench *testing.B) {
			h := signaltest.New(bench, signaltest.NewMixer(bench, g711.MuLaw()))
			b := h.Engine.NewBridge(signaling.BridgeConfig{AlwaysMix: true})
			defer b.Close()
			join := func(n int) *signaling.Channel {
				c, _ := h.CallUp(fmt.Sprint(n), h.Phone(g711.MuLaw(), 0))
				return c
			}
			for n := range members {
				if err := b.Add(bench.Context(), join(n)); err != nil {
					bench.Fatal(err)
				}
			}
			c := join(members)
			bench.ReportAllocs()
			for bench.Loop() {
				if err := b.Add(bench.Context(), c); err != nil {
					bench.Fatal(err)
				}
				if err := b.Remove(bench.Context(), c); err != nil {
					bench.Fatal(err)
				}
			}
		})
	}
}
