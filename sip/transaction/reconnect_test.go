package transaction

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// slow is a way to a host that takes so long to be found there, or not to be.
type slow struct {
	after time.Duration
	found transport.Flow // nil for nobody
}

func (slow) Back(*message.Request, transport.Flow, func(transport.Flow, error)) bool { return false }

func (s slow) Out(_ transport.Flow, then func(transport.Flow, error)) bool {
	time.AfterFunc(s.after, func() {
		if s.found == nil {
			then(nil, errors.New("nobody is there"))
			return
		}
		then(s.found, nil)
	})
	return true
}

// failures are when a listener was told of an end, in units of T1.
type failures struct {
	nobody
	w   *wire.Wire
	got *[]int
}

func (f failures) Failed(err error) {
	if fault.Of(err) != fault.Unreachable {
		panic(err)
	}
	*f.got = append(*f.got, int(f.w.Age()/wire.T1))
}

// A call whose connection has ended goes elsewhere soon, however long it takes to find out
// that the host has vanished, and at once where nothing is known to ring that is to fall silent first.
// It is canceled in any case, once its host is found.
func TestEndOfAConnectionIsToldSoon(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		after   int // of T1, until the host is found
		found   bool
		told    int
		cancels []int
	}{
		{"100, vanished", 100, 20, false, 0, nil},
		{"100, found late", 100, 20, true, 0, []int{20}},
		{"100, found soon", 100, 1, true, 0, []int{1}},
		{"rings, vanished", 180, 20, false, 2, nil},
		{"rings, found late", 180, 20, true, 2, []int{20}},
		{"rings, found soon", 180, 1, true, 1, []int{1}},
		{"rings, gone soon", 180, 1, false, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table, w, other := newTable(), wire.New(), wire.New()
				w.Stream, other.Stream = true, true
				s := slow{after: time.Duration(c.after) * wire.T1}
				if c.found {
					s.found = other
				}
				table.Reconnect(s)
				tx, _ := sent(t, table, w, "INVITE")
				var told []int
				tx.to = failures{w: w, got: &told}
				answer(t, table, w, "INVITE", c.status)
				table.FlowClosed("wire")
				time.Sleep(30 * wire.T1)
				synctest.Wait()
				if !slices.Equal(told, []int{c.told}) {
					t.Errorf("told at %v·T1", told)
				}
				if got := other.Times("CANCEL"); !slices.Equal(got, c.cancels) {
					t.Errorf("canceled at %v·T1", got)
				}
				time.Sleep(65 * wire.T1)
				forgotten(t, table)
			})
		})
	}
}

// An answer that comes over another connection before the host is found is the call's.
func TestAnswerOutrunsTheEndOfItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, w, other := newTable(), wire.New(), wire.New()
		w.Stream, other.Stream = true, true
		table.Reconnect(slow{after: 20 * wire.T1, found: other})
		tx, _ := sent(t, table, w, "INVITE")
		var told []int
		tx.to = failures{w: w, got: &told}
		answer(t, table, w, "INVITE", 180)
		table.FlowClosed("wire")
		time.Sleep(wire.T1)
		answer(t, table, w, "INVITE", 200)
		time.Sleep(30 * wire.T1)
		synctest.Wait()
		if len(told) > 0 || other.Last("CANCEL") != "" {
			t.Errorf("told at %v·T1, canceled %q", told, other.Last("CANCEL"))
		}
		time.Sleep(65 * wire.T1)
		forgotten(t, table)
	})
}
