package transaction

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
)

// An INVITE costs nothing to send in another's name: that other gets one challenge of it, or
// one word of what is wrong with it, and its ACK is of nothing. Who was told to wait sends no
// INVITE again, and so gets its refusal until the ACK comes.
func TestOneInviteWithoutAckDrawsOneChallenge(t *testing.T) {
	for _, c := range []struct {
		status  int
		changes []string
		waits   bool
		kept    bool
		want    []int
	}{
		{status: 401, want: doubling[:1]},
		{status: 407, want: doubling[:1]},
		{status: 400, want: doubling[:1]},
		{status: 401, changes: shows("Authorization"), kept: true, want: doubling[:1]},
		{status: 407, changes: shows("Proxy-Authorization"), kept: true, want: doubling[:1]},
		{status: 400, changes: shows("Authorization"), kept: true, want: doubling[:1]},
		{status: 401, changes: shows("Authorization"), waits: true, kept: true, want: doubling},
		{status: 403, kept: true, want: doubling},
		{status: 401, waits: true, kept: true, want: doubling},
		{status: 401, changes: []string{"biloxi.com>", "biloxi.com>;tag=1"}, kept: true, want: doubling},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table, w := newTable(), wire.New()
				tx, _ := arrive(t, table, w, c.changes...)
				if c.waits {
					time.Sleep(wire.T1)
				}
				if got := tx.Forgets(c.status); got == c.kept {
					t.Errorf("forgets %v", got)
				}
				if err := tx.Respond(c.status, []byte("SIP/2.0 4")); err != nil {
					t.Fatal(err)
				}
				if one := table.Invite(tx.Request()); (one != nil) != c.kept {
					t.Errorf("%v is left", one)
				}
				time.Sleep(65 * wire.T1)
				got := w.Times("SIP/2.0 4")
				if c.waits {
					for i := range got {
						got[i]--
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("sent at %v·T1", got)
				}
				forgotten(t, table)
				if n := table.refused.Len(); n > 0 {
					t.Errorf("%d refused ones are kept", n)
				}
			})
		})
	}
}

// shows are the changes that have an INVITE show credentials.
func shows(header string) []string {
	return []string{"Contact:", header + ": Digest username=\"x\"\r\nContact:"}
}

// Copies of an INVITE with wrong credentials, on a slow way, are that INVITE: each gets the
// challenge that has been sent, and what checks passwords sees one.
func TestCopiesOfWrongCredentialsAreOneInvite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		tx, _ := arrive(t, table, w, shows("Authorization")...)
		if err := tx.Respond(401, []byte("SIP/2.0 401")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(wire.T1)
		for range 3 {
			if _, got := arrive(t, table, w, shows("Authorization")...); got != Again {
				t.Errorf("a copy is %v", got)
			}
		}
		if got := w.Times("SIP/2.0 401"); !slices.Equal(got, []int{0, 1, 1, 1}) {
			t.Errorf("sent at %v·T1", got)
		}
		if !tx.Acked() {
			t.Error("the ACK goes further")
		}
		time.Sleep(11 * wire.T1)
		forgotten(t, table)
	})
}

// Refused INVITEs make room first, the oldest first, at whatever age; what else is young
// stays.
func TestRefusedInvitesMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w := newTable(), wire.New()
		table.limit = 8 // seven of which are for requests of any kind
		ask := func(method string, n, status int) *Server {
			tx, got := arrive(t, table, w, "INVITE", method, "776asdhds", fmt.Sprint("n", n), "a84b", fmt.Sprint("c", n))
			if got != New {
				t.Fatalf("%s %d: %v", method, n, got)
			}
			if status > 0 {
				if err := tx.Respond(status, fmt.Appendf(nil, "SIP/2.0 %d %d", status, n)); err != nil {
					t.Fatal(err)
				}
			}
			return tx
		}
		ask("OPTIONS", 0, 200)
		first, second := ask("INVITE", 1, 403), ask("INVITE", 2, 403)
		if !second.Acked() {
			t.Error("no ACK of a refusal")
		}
		rings := ask("INVITE", 3, 180)
		for n := range 100 {
			ask("INVITE", 10+n, 403)
		}
		if n, _ := table.Size(); n != 7 {
			t.Errorf("%d transactions", n)
		}
		if got := table.Filled(); got < 0.28 || got > 0.29 {
			t.Errorf("%v is in use, of seven an answered request and a call", got)
		}
		if table.Invite(first.Request()) != nil || table.Invite(second.Request()) != nil {
			t.Error("the oldest are still known")
		}
		if table.Invite(rings.Request()) != rings {
			t.Error("a call that rings is gone")
		}
		time.Sleep(table.timers.T2 + time.Millisecond)
		if got := table.Filled(); got < 0.14 || got > 0.15 {
			t.Errorf("%v is in use, of seven a call", got)
		}
		if n := len(w.Times("SIP/2.0 403 1")); n < 1 || len(w.Times("SIP/2.0 403 109")) < 2 {
			t.Error("a refusal that has its transaction is not repeated")
		}
		if n := len(w.Times("SIP/2.0 403 50")); n != 1 {
			t.Errorf("one that made room is repeated: sent %d times", n)
		}
		table.Close()
		if n := table.refused.Len(); n > 0 {
			t.Errorf("%d refused ones are kept", n)
		}
		forgotten(t, table)
	})
}
