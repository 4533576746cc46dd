package stasis_test

import (
	"context"
	"errors"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
)

func TestWhoeverRegisteredLastListens(t *testing.T) {
	var r stasis.Registry
	said := errors.New("said")
	says := func(err error) stasis.Handler {
		return func(context.Context, *signaling.Channel, []string) error { return err }
	}
	enter := func() error { return r.Enter(t.Context(), "app", nil, nil) }
	if err := enter(); fault.Of(err) != fault.NotFound {
		t.Errorf("nobody listens, but %v", err)
	}
	removeFirst := r.Register("app", says(nil))
	removeSecond := r.Register("app", says(said))
	if err := enter(); !errors.Is(err, said) {
		t.Errorf("the second listens, but %v", err)
	}
	removeFirst() // was replaced: takes nobody away
	if err := enter(); !errors.Is(err, said) {
		t.Errorf("the second listens still, but %v", err)
	}
	removeSecond()
	removeSecond()
	if err := enter(); fault.Of(err) != fault.NotFound {
		t.Errorf("nobody listens any more, but %v", err)
	}
}
