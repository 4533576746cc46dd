package mixer

import "testing"

// Who is whispered to hears it also where the room is on another worker than the call was,
// and says so again with every join.
func TestWhisperIntoACall(t *testing.T) {
	r := newRig(t, 2)
	a, b, c := r.talker("a", newProbe(8000), 440, 6000), r.talker("b", newProbe(16000), 690, 6000), r.talker("c", newProbe(8000), 940, 6000)
	all := []*talker{a, b, c}
	r.pair(a.phone, b.phone)
	r.talk(20, all...)
	room := r.room(RoomConfig{})
	for range 2 {
		must(t, a.port.Join(room, JoinOptions{}))
		must(t, b.port.Join(room, JoinOptions{}))
		must(t, c.port.Join(room, JoinOptions{HeardBy: Only(a.port)}))
		r.talk(20, all...)
		for _, s := range all {
			s.forget()
		}
		r.talk(60, all...)
		for i, want := range []string{"bc", "a", "ab"} {
			if got := hearsOf(all[i], all); got != want {
				t.Errorf("%s hears %q, want %q", all[i].port.Name(), got, want)
			}
		}
	}
}
