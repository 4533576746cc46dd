package store

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestExtensions(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := Extension{Number: "2001", Realm: "skybridge", MD5: "m", SHA256: "s", CallerID: `"Ana" <2001>`, Codecs: []string{"opus", "alaw"},
			Context: "internal", MaxContacts: 3, Created: noon, Updated: noon}
		b := Extension{Number: "2000", Created: noon}
		ok(t, s.Extensions.Create(ctx, a))
		ok(t, s.Extensions.Create(ctx, b))
		kind(t, s.Extensions.Create(ctx, b), fault.Conflict)
		ok(t, s.Users.Create(ctx, User{ID: "ana", Extension: "2001"}))
		a.User = "ana"
		got, err := s.Extensions.ByNumber(ctx, "2001")
		same(t, got, err, a)
		all, err := s.Extensions.List(ctx)
		same(t, all, err, []Extension{b, a})

		a.MD5, a.Codecs, a.Updated = "n", []string{"ulaw"}, noon.Add(time.Hour)
		changed := a
		changed.Created, changed.User = noon.Add(time.Hour), "eve" // which Update leaves as they are
		ok(t, s.Extensions.Update(ctx, changed))
		got, err = s.Extensions.ByNumber(ctx, "2001")
		same(t, got, err, a)
		kind(t, s.Extensions.Update(ctx, Extension{Number: "2009"}), fault.NotFound)
		_, err = s.Extensions.ByNumber(ctx, "2009")
		kind(t, err, fault.NotFound)

		ok(t, s.Services.Put(ctx, ExtensionServices{Extension: "2001", DND: true}))
		ok(t, s.Extensions.Delete(ctx, "2001"))
		kind(t, s.Extensions.Delete(ctx, "2001"), fault.NotFound)
		user, err := s.Users.ByID(ctx, "ana")
		same(t, user, err, User{ID: "ana"})
		services, err := s.Services.All(ctx)
		same(t, services, err, nil)
	})
}

// A user's end is the end of the user's keys.
func TestDeletingAUserRevokesItsKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ok(t, s.Users.Create(ctx, User{ID: "ana"}))
		kind(t, s.Users.Create(ctx, User{ID: "ana"}), fault.Conflict)
		for _, k := range []APIKey{{ID: "1", Hash: "1", Owner: "ana"}, {ID: "2", Hash: "2", Owner: "ana", Revoked: noon}, {ID: "3", Hash: "3", Owner: "bo"}} {
			ok(t, s.APIKeys.Create(ctx, k))
		}
		ok(t, s.Users.Delete(ctx, "ana"))
		all, err := s.APIKeys.List(ctx)
		ok(t, err)
		if all[0].Revoked.IsZero() || !all[1].Revoked.Equal(noon) || !all[2].Revoked.IsZero() {
			t.Errorf("%+v", all)
		}
	})
}
