package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

func same[T any](t *testing.T, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

func kind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.Of(err) != want {
		t.Fatalf("got %v (%v), want kind %v", err, fault.Of(err), want)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBindings(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		full := Binding{
			AOR: "1001", Key: "<urn:uuid:1>;1", Contact: `<sip:1001@10.0.0.1:5060>;methods="INVITE"`, Target: "sip:1001@127.0.0.1:4000",
			Path: []string{"<sip:p1;lr>", "<sip:p2;lr>"}, CallID: "a@b", CSeq: 1<<32 - 1, Q: 700,
			Instance: "<urn:uuid:1>", RegID: 1, UserAgent: "phone'); DROP TABLE bindings;--", Transport: "ws",
			Source: "127.0.0.1:4000", Flow: "ws 7", FlowBound: true, Registered: noon, Updated: noon, Expires: noon.Add(time.Hour),
		}
		plain := Binding{AOR: "1001", Key: "sip:b", Contact: "sip:b", Target: "sip:b", Registered: noon, Updated: noon, Expires: noon.Add(time.Minute)}
		ok(t, s.Bindings.Apply(ctx, BindingChange{AOR: "1001", Put: []Binding{full, plain}}))
		got, err := s.Bindings.Live(ctx, noon)
		same(t, got, err, []Binding{full, plain})

		again := full
		again.CSeq, again.Registered, again.Updated = 7, noon.Add(time.Hour), noon.Add(time.Second)
		ok(t, s.Bindings.Apply(ctx, BindingChange{AOR: "1001", Put: []Binding{again}, Delete: []string{"sip:b"}}))
		again.Registered = noon // the first time stays
		got, err = s.Bindings.Live(ctx, noon)
		same(t, got, err, []Binding{again})

		long := plain
		long.AOR, long.Key, long.Expires = "1002", "sip:c", noon.Add(time.Hour)
		ok(t, s.Bindings.Apply(ctx, BindingChange{AOR: "1002", Put: []Binding{plain, long}}))
		got, err = s.Bindings.Live(ctx, noon.Add(time.Minute))
		same(t, got, err, []Binding{again, long})
		n, err := s.Bindings.Purge(ctx, noon.Add(time.Minute), false)
		same(t, n, err, 1)
		got, err = s.Bindings.Live(ctx, noon)
		same(t, got, err, []Binding{again, long})
		n, err = s.Bindings.Purge(ctx, noon, true)
		same(t, n, err, 1)
		got, err = s.Bindings.Live(ctx, noon)
		same(t, got, err, []Binding{long})
	})
}

// A refresh changes what it names and nothing else; what is not there it puts whole.
func TestRefresh(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		kept := Binding{AOR: "1001", Key: "sip:a", Contact: "<sip:a>", Target: "sip:a", CallID: "c", UserAgent: "phone", Registered: noon, Updated: noon, Expires: noon.Add(time.Minute)}
		ok(t, s.Bindings.Apply(ctx, BindingChange{AOR: "1001", Put: []Binding{kept}}))
		later := kept
		later.CSeq, later.Updated, later.Expires = 2, noon.Add(time.Second), noon.Add(time.Hour)
		refresh := Refresh{Key: "sip:a", CSeq: 2, Updated: later.Updated, Expires: later.Expires, Whole: func() Binding { t.Error("asked for the whole"); return later }}
		ok(t, s.Bindings.Apply(ctx, BindingChange{AOR: "1001", Refresh: []Refresh{refresh}}))
		got, err := s.Bindings.Live(ctx, noon)
		same(t, got, err, []Binding{later})

		_, err = s.Bindings.Purge(ctx, noon.Add(time.Hour), false)
		ok(t, err)
		refresh.Whole = func() Binding { return later }
		ok(t, s.Bindings.Apply(ctx, BindingChange{AOR: "1001", Refresh: []Refresh{refresh}}))
		got, err = s.Bindings.Live(ctx, noon)
		same(t, got, err, []Binding{later})
	})
}

func TestUsers(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := User{ID: "a", Name: "Ana", Extension: "1001", PasswordHash: "h", Roles: []string{"admin", "user"}, CallLimit: 7, Created: noon, Updated: noon}
		b := User{ID: "b", Name: "Bo", Created: noon, Disabled: noon}
		c := User{ID: "c", Name: "Cy", Created: noon} // a second one without extension
		for _, u := range []User{a, b, c} {
			ok(t, s.Users.Put(ctx, u))
		}
		got, err := s.Users.ByExtension(ctx, "1001")
		same(t, got, err, a)
		got, err = s.Users.ByID(ctx, "b")
		same(t, got, err, b)
		taken := c
		taken.Extension = "1001"
		kind(t, s.Users.Put(ctx, taken), fault.Conflict)
		a.Name = "Anna"
		ok(t, s.Users.Put(ctx, a))
		all, err := s.Users.List(ctx)
		same(t, all, err, []User{a, b, c})
		ok(t, s.Users.Delete(ctx, "a"))
		kind(t, s.Users.Delete(ctx, "a"), fault.NotFound)
		for id, want := range map[string]bool{"a": true, "b": false, "never": false} {
			gone, err := s.Users.Deleted(ctx, id)
			same(t, gone, err, want)
		}
		_, err = s.Users.ByID(ctx, "a")
		kind(t, err, fault.NotFound)
		_, err = s.Users.ByExtension(ctx, "")
		kind(t, err, fault.NotFound)
		for _, id := range []string{"a", "Zoe", "b-1", "b1"} { // made again, or new
			ok(t, s.Users.Create(ctx, User{ID: id, Created: noon}))
		}
		gone, err := s.Users.Deleted(ctx, "a")
		same(t, gone, err, false)
		all, err = s.Users.List(ctx)
		ok(t, err)
		var ids []string
		for _, u := range all {
			ids = append(ids, u.ID)
		}
		same(t, ids, nil, []string{"Zoe", "a", "b", "b-1", "b1", "c"})
	})
}

func TestRooms(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := Room{ID: "a", Name: "Stand-up", Number: "9001", CreatedBy: "u", MaxParticipants: 40, PINHash: "p",
			Settings: json.RawMessage(`{"allow_recording":true}`), Created: noon}
		b := Room{ID: "b", Name: "Other", Created: noon.Add(time.Second)}
		ok(t, s.Rooms.Put(ctx, b))
		ok(t, s.Rooms.Put(ctx, a))
		b.Settings = json.RawMessage("{}")
		all, err := s.Rooms.List(ctx)
		same(t, all, err, []Room{a, b})
		got, err := s.Rooms.ByNumber(ctx, "9001")
		same(t, got, err, a)
		got, err = s.Rooms.ByID(ctx, "b")
		same(t, got, err, b)
		b.Number = "9001"
		kind(t, s.Rooms.Put(ctx, b), fault.Conflict)
		if err := s.Rooms.Put(ctx, Room{ID: "c", Settings: json.RawMessage("{")}); err == nil {
			t.Error("settings that are not JSON were kept")
		}
		ok(t, s.Rooms.Delete(ctx, "a"))
		_, err = s.Rooms.ByNumber(ctx, "9001")
		kind(t, err, fault.NotFound)
	})
}

func TestAPIKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		k := APIKey{ID: "k", Name: "ci", Hash: "h1", Owner: "u", Roles: []string{"service"}, Scopes: []string{"calls:write"}, Created: noon, Expires: noon.Add(time.Hour)}
		ok(t, s.APIKeys.Create(ctx, k))
		kind(t, s.APIKeys.Create(ctx, APIKey{ID: "other", Hash: "h1"}), fault.Conflict)
		kind(t, s.APIKeys.Create(ctx, APIKey{ID: "k", Hash: "h2"}), fault.Conflict)
		got, err := s.APIKeys.ByHash(ctx, "h1")
		same(t, got, err, k)
		if !k.Valid(noon) || k.Valid(k.Expires) {
			t.Error("Valid does not follow Expires")
		}
		ok(t, s.APIKeys.Touch(ctx, "k", noon.Add(time.Minute)))
		ok(t, s.APIKeys.Revoke(ctx, "k", noon.Add(2*time.Minute)))
		ok(t, s.APIKeys.Revoke(ctx, "k", noon.Add(3*time.Minute)))
		k.LastUsed, k.Revoked = noon.Add(time.Minute), noon.Add(2*time.Minute)
		all, err := s.APIKeys.List(ctx)
		same(t, all, err, []APIKey{k})
		if k.Valid(noon) {
			t.Error("a revoked key is valid")
		}
		kind(t, s.APIKeys.Touch(ctx, "none", noon), fault.NotFound)
		got, err = s.APIKeys.ByID(ctx, "k")
		same(t, got, err, k)
		_, err = s.APIKeys.ByHash(ctx, "none")
		kind(t, err, fault.NotFound)
		_, err = s.APIKeys.ByID(ctx, "h1")
		kind(t, err, fault.NotFound)
	})
}

func TestCalls(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		c := Call{ID: "c1", CreatedBy: "ana", Type: "audio", Direction: "outbound", Status: "initiated",
			Participants: json.RawMessage(`[{"endpoint":"SIP/1001"}]`), Metadata: json.RawMessage(`{"caller_id":"'); DROP TABLE calls;--"}`),
			Parties: []string{"bo", "ana"}, Created: noon}
		ok(t, s.Calls.Put(ctx, c))
		c.Status, c.Cause, c.CauseText, c.SIPStatus, c.Answered, c.Ended = "ended", 16, "Normal Clearing", 0, noon.Add(1), noon.Add(time.Minute)
		c.Answered = noon.Add(time.Second)
		c.Parties = nil
		ok(t, s.Calls.Put(ctx, c))
		got, err := s.Calls.ByID(ctx, "c1")
		same(t, got, err, c)
		for user, want := range map[string]bool{"ana": true, "bo": true, "eve": false} {
			seen, err := s.Calls.SeenBy(ctx, "c1", user)
			same(t, seen, err, want)
		}
		_, err = s.Calls.ByID(ctx, "none")
		kind(t, err, fault.NotFound)
		kind(t, s.Calls.Put(ctx, Call{ID: "x", Metadata: json.RawMessage("{")}), fault.Invalid)
	})
}

func TestCallsList(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for i := range 10 {
			v := Call{ID: fmt.Sprintf("c%d", i), CreatedBy: "ana", Status: "ended", Created: noon.Add(time.Duration(i/2) * time.Second)}
			if i%5 == 0 {
				v.Status = "active"
			}
			if i >= 8 {
				v.Parties = []string{"bo"}
			}
			ok(t, s.Calls.Put(ctx, v))
		}
		for _, tt := range []struct {
			name string
			q    CallQuery
			want string
		}{
			{"all", CallQuery{}, "c9 c8 c7 c6 c5 c4 c3 c2 c1 c0"},
			{"pages that split one instant", CallQuery{Limit: 3}, "c9 c8 c7 | c6 c5 c4 | c3 c2 c1 | c0"},
			{"exact page", CallQuery{Limit: 10}, "c9 c8 c7 c6 c5 c4 c3 c2 c1 c0"},
			{"status", CallQuery{Status: "active"}, "c5 c0"},
			{"party", CallQuery{Party: "bo"}, "c9 c8"},
			{"party and status", CallQuery{Party: "ana", Status: "active", Limit: 1}, "c5 | c0"},
			{"between", CallQuery{Since: noon.Add(time.Second), Until: noon.Add(3 * time.Second)}, "c5 c4 c3 c2"},
			{"nobody", CallQuery{Party: "eve"}, ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				var got string
				for {
					page, next, err := s.Calls.List(ctx, tt.q)
					ok(t, err)
					for i, c := range page {
						if i > 0 {
							got += " "
						}
						got += c.ID
					}
					if next == "" {
						break
					}
					got += " | "
					tt.q.After = next
				}
				same(t, got, nil, tt.want)
			})
		}
		for _, q := range []CallQuery{{Limit: -1}, {Limit: MaxCallPage + 1}, {After: "x"}, {After: "x.y"}, {After: "12"}} {
			_, _, err := s.Calls.List(ctx, q)
			kind(t, err, fault.Invalid)
		}
	})
}

func TestSettings(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		_, err := s.Settings.Get(ctx, "jwt")
		kind(t, err, fault.NotFound)
		values := make([]string, 8)
		var wg sync.WaitGroup
		for i := range values {
			wg.Go(func() {
				var err error
				if values[i], err = s.Settings.GetOrCreate(ctx, "jwt", func() (string, error) { return fmt.Sprint("secret ", i), nil }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		kept, err := s.Settings.Get(ctx, "jwt")
		ok(t, err)
		for _, v := range values {
			same(t, v, nil, kept)
		}
		ok(t, s.Settings.Put(ctx, "jwt", "new"))
		got, err := s.Settings.Get(ctx, "jwt")
		same(t, got, err, "new")
		ok(t, s.Settings.Delete(ctx, "jwt"))
		kind(t, s.Settings.Delete(ctx, "jwt"), fault.NotFound)
		_, err = s.Settings.GetOrCreate(ctx, "bad", func() (string, error) { return "", fault.New(fault.Timeout, "no entropy") })
		kind(t, err, fault.Timeout)
	})
}
