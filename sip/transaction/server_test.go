package transaction

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// arrive gives a request to a table: wire.Invite with old replaced by new.
func arrive(t *testing.T, table *Table, w *wire.Wire, changes ...string) (*Server, Arrival) {
	t.Helper()
	p, err := message.Parse([]byte(strings.NewReplacer(changes...).Replace(wire.Invite)))
	if err != nil {
		t.Fatal(err)
	}
	return table.Arrive(message.NewRequest(p, w.Source()), w, "tag", false)
}

func TestArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New() // of four
		for _, c := range []struct {
			name    string
			changes []string
			want    Arrival
		}{
			{"first", nil, New},
			{"again", nil, Again},
			{"by another way", []string{"bK776", "bK777"}, Merged},
			{"by another way, again", []string{"bK776", "bK777"}, Again},
			{"another call on the same branch", []string{"a84b", "a85b"}, New},
			{"in a dialog, as it were", []string{"bK776", "bK778", "biloxi.com>", "biloxi.com>;tag=1"}, New},
			{"one too many", []string{"bK776", "bK779"}, Full},
		} {
			tx, got := arrive(t, table, w, c.changes...)
			if got != c.want || (tx != nil) != (got == New || got == Merged) {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		table.Close()
		forgotten(t, table)
		if _, got := arrive(t, table, w); got != Full {
			t.Errorf("a closed table: %v", got)
		}
	})
}

func TestRefusalIsRepeatedUntilItsAck(t *testing.T) {
	for _, acked := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			table, w := newTable(), wire.New()
			tx, _ := arrive(t, table, w)
			if err := tx.Respond(486, []byte("SIP/2.0 486")); err != nil {
				t.Fatal(err)
			}
			if err := tx.Respond(200, nil); fault.Of(err) != fault.Conflict {
				t.Errorf("a second answer: %v", err)
			}
			if acked {
				time.Sleep(4 * wire.T1)
				if table.Invite(tx.Request()) != tx || !tx.Acked() || !tx.Acked() {
					t.Error("the ACK goes further")
				}
			}
			time.Sleep(65 * wire.T1)
			want := doubling
			if acked {
				want = doubling[:3]
			}
			if got := w.Times("SIP/2.0 486"); !slices.Equal(got, want) {
				t.Errorf("486 at %v·T1", got)
			}
			forgotten(t, table)
		})
	}
}

// A stream repeats nothing, and keeps what is answered no longer than it must.
func TestStreamRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		w.Stream = true
		invite, _ := arrive(t, table, w)
		options, _ := arrive(t, table, w, "INVITE", "OPTIONS")
		for _, tx := range []*Server{invite, options} {
			if err := tx.Respond(486, []byte("SIP/2.0 486")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(63 * wire.T1)
		if n := len(w.Times("SIP/2.0 486")); n != 2 {
			t.Errorf("%d answers", n)
		}
		if s, _ := table.Size(); s != 1 { // the INVITE waits for its ACK
			t.Errorf("%d transactions", s)
		}
		if !invite.Acked() {
			t.Error("the ACK goes further")
		}
		forgotten(t, table)
	})
}

// What is asked again is answered again, but for a 2xx to an INVITE: that is the
// dialog's to repeat, and so is its ACK to take.
func TestRetransmissionsAreAbsorbed(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		want   int
	}{{"INVITE", 180, 2}, {"INVITE", 200, 1}, {"OPTIONS", 200, 2}} {
		synctest.Test(t, func(t *testing.T) {
			table, w := newTable(), wire.New()
			tx, _ := arrive(t, table, w, "INVITE", c.method)
			if _, got := arrive(t, table, w, "INVITE", c.method); got != Again || w.Last("SIP") != "" {
				t.Errorf("before an answer: %v %q", got, w.Last("SIP"))
			}
			if err := tx.Respond(c.status, []byte("SIP/2.0")); err != nil {
				t.Fatal(err)
			}
			arrive(t, table, w, "INVITE", c.method)
			if n := len(w.Times("SIP/2.0")); n != c.want {
				t.Errorf("%s %d: sent %d times", c.method, c.status, n)
			}
			if c.method == "INVITE" && tx.Acked() {
				t.Errorf("%d takes an ACK", c.status)
			}
			table.Close()
			forgotten(t, table)
		})
	}
}

func TestTryingComesByItself(t *testing.T) {
	for _, answered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			table, w := newTable(), wire.New()
			tx, _ := arrive(t, table, w)
			if answered {
				if err := tx.Respond(180, []byte("SIP/2.0 180")); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(199 * time.Millisecond)
			if w.Last("SIP/2.0 100") != "" {
				t.Error("100 before 200 ms")
			}
			time.Sleep(2 * time.Millisecond)
			if (w.Last("SIP/2.0 100") != "") == answered {
				t.Errorf("answered %v: 100 is %q", answered, w.Last("SIP/2.0 100"))
			}
			table.Close()
		})
	}
}

func TestCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		tx, _ := arrive(t, table, w)
		told := 0
		tx.OnCancel(func(*message.Request) { told++ })
		tx.Canceled(tx.Request())
		if err := tx.Respond(487, []byte("SIP/2.0 487")); err != nil {
			t.Fatal(err)
		}
		tx.Canceled(tx.Request())
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		table.Close()
	})
}

// An INVITE that was accepted is known until its timer ends, without what it was: it comes
// again, its CANCEL is too late, its ACK is the dialog's.
func TestWhatIsLeftOfAnAcceptedInvite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		tx, _ := arrive(t, table, w)
		tx.OnCancel(func(*message.Request) { t.Error("canceled") })
		if err := tx.Respond(200, []byte("SIP/2.0 200")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(32 * wire.T1)
		left := table.Invite(tx.Request())
		if left == nil || left == tx || left.Request() != nil || left.Tag() != tx.Tag() {
			t.Fatalf("%+v is left", left)
		}
		left.Canceled(tx.Request())
		if left.Acked() || tx.Acked() {
			t.Error("the ACK goes no further")
		}
		if _, got := arrive(t, table, w); got != Again {
			t.Errorf("once more: %v", got)
		}
		if err := tx.Respond(200, nil); fault.Of(err) != fault.Conflict {
			t.Errorf("a second answer: %v", err)
		}
		time.Sleep(33 * wire.T1)
		forgotten(t, table)
	})
}

// What is left of answered requests makes room for new ones, the oldest first, but not
// while it may well be asked for again.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		table.limit = 8
		ask := func(n int) Arrival {
			tx, got := arrive(t, table, w, "INVITE", "OPTIONS", "776asdhds", fmt.Sprint("n", n), "a84b", fmt.Sprint("c", n))
			if got == New {
				if err := tx.Respond(200, []byte("SIP/2.0 200")); err != nil {
					t.Fatal(err)
				}
			}
			return got
		}
		for n := range 7 {
			if got := ask(n); got != New {
				t.Fatalf("request %d: %v", n, got)
			}
		}
		if got := ask(7); got != Full {
			t.Errorf("one too many at once: %v", got)
		}
		time.Sleep(table.timers.T2 + time.Millisecond)
		if got := ask(7); got != New {
			t.Errorf("later: %v", got)
		}
		if got := ask(6); got != Again {
			t.Errorf("the youngest once more: %v", got)
		}
		if got := ask(0); got != New {
			t.Errorf("the oldest is still known: %v", got)
		}
		time.Sleep(65 * wire.T1)
		forgotten(t, table)
		if n := table.merged.Len() + table.left.merged.Len(); n > 0 || table.left.count() > 0 || table.left.timer != nil {
			t.Errorf("left: %d by Call-ID, %+v", n, table.left)
		}
	})
}

// A challenge is not remembered: who asks again gets another.
func TestChallengesAreForgotten(t *testing.T) {
	for _, method := range []string{"REGISTER", "INVITE"} {
		challenges(t, method)
	}
}

func challenges(t *testing.T, method string) {
	table, w := newTable(), wire.New()
	for range 3 {
		tx, got := arrive(t, table, w, "INVITE", method)
		if got != New {
			t.Fatalf("arrival %v", got)
		}
		if err := tx.Respond(401, []byte("SIP/2.0 401")); err != nil {
			t.Fatal(err)
		}
		if err := tx.Respond(200, nil); fault.Of(err) != fault.Conflict {
			t.Errorf("a second answer: %v", err)
		}
	}
	forgotten(t, table)
	if n := len(w.Times("SIP/2.0 401")); n != 3 {
		t.Errorf("%s: %d challenges", method, n)
	}
}

// What is left of transactions is found by its key, each with its own answer, until it is
// dropped, the first first, and then its room is free.
func TestRemains(t *testing.T) {
	q := remains{began: time.Now()}
	flows := []transport.Flow{wire.New(), wire.New()}
	key := func(n uint64) imprint { return imprint{1, n} }
	says := func(n uint64) string { return fmt.Sprintf("SIP/2.0 200 %0*d", 10+n%300, n) }
	push := func(n uint64) {
		q.push(&Server{key: key(n), merge: imprint{2, n}, flow: flows[n%2], state: completed}, []byte(says(n)), time.Hour)
	}
	there := func(n uint64, want bool) {
		t.Helper()
		tx := q.find(nil, key(n))
		if (tx != nil) != want || (q.merged.Get(imprint{2, n}) != 0) != want {
			t.Fatalf("%d is found %v, want %v", n, tx != nil, want)
		}
		if want && (string(tx.last) != says(n) || tx.flow != flows[n%2] || tx.key != key(n) || tx.state != completed) {
			t.Fatalf("%d is %+v", n, tx)
		}
	}
	const most = 2000
	first, last := uint64(1), uint64(0)
	for range 5 { // up to most, down to some of a piece, up again, and to nothing
		for last-first+1 < most {
			last++
			push(last)
		}
		for _, n := range []uint64{first, first + 1, (first + last) / 2, last - 1, last} {
			there(n, true)
		}
		there(last+1, false)
		for q.count() > 100 {
			q.drop()
			there(first, false)
			first++
			there(first, true)
			there(last, true)
		}
		if n := len(q.pieces); n > 2 {
			t.Errorf("%d pieces for 100", n)
		}
	}
	// One that is not found any more, and whose key another has since, is dropped in its turn.
	q.forget(q.gone+1, key(first), imprint{2, first})
	there(first, false)
	push(first)
	q.drop()
	there(first, true)
	for q.count() > 0 {
		q.drop()
	}
	if _, ok := q.next(); ok || q.found.Len()+q.merged.Len() != 0 || q.pieces != nil || q.room != nil {
		t.Errorf("left: %+v", q)
	}
}
