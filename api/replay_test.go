package api

import (
	"crypto/sha256"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestReplaysAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplays()
		body := sha256.Sum256([]byte("body"))
		key := func(n int) replayKey { return replayKey{"alice", "/calls", strconv.Itoa(n)} }
		begin := func(n int) *replay {
			t.Helper()
			mine, _, err := r.begin(key(n), body)
			if err != nil {
				t.Fatal(err)
			}
			return mine
		}
		first := begin(0)
		if _, _, err := r.begin(key(0), body); fault.CodeOf(err) != "request_in_progress" {
			t.Errorf("while the first is being done: %v", err)
		}
		first.done, first.status = true, 201
		if mine, before, err := r.begin(key(0), body); mine != nil || before.status != 201 || err != nil {
			t.Errorf("again: %v %v %v", mine, before, err)
		}
		if _, _, err := r.begin(key(0), sha256.Sum256(nil)); fault.CodeOf(err) != "idempotency_key_reused" {
			t.Errorf("for another request: %v", err)
		}
		for range 3 * maxReplays { // what fails is forgotten
			r.forget(key(1), begin(1))
		}
		if len(r.known) != 1 || len(r.order) != 1 {
			t.Errorf("%d keys in an order of %d", len(r.known), len(r.order))
		}
		for n := range 2 * maxReplays {
			begin(n + 2)
		}
		if len(r.known) != maxReplays || len(r.order) != maxReplays {
			t.Errorf("%d keys in an order of %d", len(r.known), len(r.order))
		}
		r.forget(key(0), first) // made room long ago
		if begin(0) == nil {
			t.Error("the oldest is still known")
		}
		time.Sleep(replayedLife)
		begin(-1)
		if len(r.known) != 1 || len(r.order) != 1 {
			t.Errorf("after a day %d keys in an order of %d", len(r.known), len(r.order))
		}
	})
}
