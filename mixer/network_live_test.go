package mixer

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/mediatest"
)

// A phone on a real socket, behind a network that loses, doubles, delays and reorders, is
// heard, and the counters say what the network did.
func TestLiveNetwork(t *testing.T) { eachIO(t, testLiveNetwork) }

func testLiveNetwork(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	a, b := l.handset("a", PortConfig{}), l.handset("b", PortConfig{})
	room, err := l.engine.NewRoom(RoomConfig{})
	if err != nil {
		t.Fatal(err)
	}
	relay, err := mediatest.NewRelay(a.to, mediatest.Impairment{
		Seed: 4, Delay: 10 * time.Millisecond, Jitter: 5 * time.Millisecond, MaxJitter: 20 * time.Millisecond,
		Reorder: 0.05, ReorderBy: 30 * time.Millisecond, Loss: mediatest.RandomLoss(0.1), Duplicate: 0.1, DuplicateBy: time.Millisecond,
	}, mediatest.Impairment{})
	if err != nil {
		t.Fatal(err)
	}
	a.port.SetRemote(relay.Addr(), true) // its packets come from the other side of the network
	a.to = relay.Addr()
	for _, h := range []*handset{a, b} {
		if err := h.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	a.say(440)
	const frames = 150
	var numbers []uint16
	var pcm []int16
	for range frames { // the server's clock paces the phone
		heard, h := b.hear()
		pcm, numbers = append(pcm, heard...), append(numbers, h.SequenceNumber)
		a.say(440)
	}
	if db := mediatest.Level(pcm[len(pcm)/2:]); db < -20 {
		t.Errorf("the tone is heard at %.1f dB", db)
	}
	for i := 1; i < len(numbers); i++ {
		if numbers[i] != numbers[i-1]+1 {
			t.Errorf("packet %d follows %d", numbers[i], numbers[i-1])
		}
	}
	forth, _, err := relay.Close()
	if err != nil {
		t.Error(err)
	}
	for range 15 { // what is counted is published five times a second
		b.hear()
	}
	s := a.port.Stats()
	t.Logf("%+v: %d packets, %d lost, %d twice, %d late, %d made up, a jitter of %v", forth, s.PacketsIn, s.Lost, s.Duplicate, s.Late, s.Concealed, s.Jitter)
	// What the network still held at the end did not come.
	if s.PacketsIn < frames*7/10 || s.Lost < int64(forth.Lost)-5 || s.Lost > int64(forth.Lost)+5 || s.Duplicate == 0 || s.Concealed == 0 || s.Jitter == 0 {
		t.Errorf("%+v: %+v", forth, s)
	}
}
