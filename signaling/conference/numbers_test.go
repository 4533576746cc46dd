package conference_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// Rooms are given numbers of four digits, longer ones when there are no more, and never those of the
// dialplan's own conferences.
func TestNumbersThatRoomsAreGiven(t *testing.T) {
	r := newRig(t)
	r.rooms.Plan(func(number string) bool { return number == "9001" || number == "9500" || number == "90001" })
	var first *conference.Room
	for n := 9002; n <= 9999; n++ {
		if n == 9500 {
			continue
		}
		room, err := r.rooms.Create(conference.Settings{Kept: true})
		ok(t, err)
		if got := room.Settings().Number; got != fmt.Sprint(n) {
			t.Fatalf("number %s instead of %d", got, n)
		}
		if first == nil {
			first = room
		}
	}
	next := func(want string) {
		t.Helper()
		room, err := r.rooms.Create(conference.Settings{Kept: true})
		ok(t, err)
		if got := room.Settings().Number; got != want {
			t.Errorf("number %s instead of %s", got, want)
		}
	}
	next("90000")
	next("90002")
	first.Close()
	next("9002") // which is free again
	next("90003")
}
