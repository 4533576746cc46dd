package extension_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// kept is a store in memory.
type kept struct {
	all map[string]extension.Services
	err error
}

func (k *kept) Put(_ context.Context, name string, s extension.Services) error {
	if k.err == nil {
		k.all[name] = s
	}
	return k.err
}

func (k *kept) All(context.Context) (map[string]extension.Services, error) {
	return maps.Clone(k.all), k.err
}

// house are phones 1001 to 1009, which may dial each other and 700, but not 0900.
type house struct{}

func (house) Phone(name string) (extension.Phone, bool) {
	name = strings.ToLower(name)
	return extension.Phone{Name: name, Context: "internal", ID: party.ID{Name: "Phone " + name}}, len(name) == 4 && strings.HasPrefix(name, "100")
}

func (house) MayDial(_, exten string) bool { return exten != "0900" }

func registry(t *testing.T, k *kept) *extension.Registry {
	t.Helper()
	if k.all == nil {
		k.all = make(map[string]extension.Services)
	}
	r, err := extension.Load(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	r.Serve(house{})
	return r
}

func set(t *testing.T, r *extension.Registry, name string, s extension.Services) {
	t.Helper()
	if err := r.Set(t.Context(), name, s); err != nil {
		t.Fatal(err)
	}
}

func to(name string) dialstring.Target { return dialstring.Target{Tech: "PJSIP", Resource: name} }

func TestWhatCanBeSwitchedOn(t *testing.T) {
	k := new(kept)
	r := registry(t, k)
	for _, ca := range []struct {
		name string
		s    extension.Services
		want fault.Kind
	}{
		{"2001", extension.Services{DND: true}, fault.NotFound},
		{"1001", extension.Services{Always: "0900"}, fault.Forbidden},
		{"1001", extension.Services{Busy: "1002&PJSIP/0900@trunk"}, fault.Invalid},
		{"1001", extension.Services{NoAnswer: "1002,30,g"}, fault.Invalid},
		{"1001", extension.Services{Always: "sip:boss@evil.example"}, fault.Invalid},
		{"1001", extension.Services{Always: "1001"}, fault.Invalid},
		{"1001", extension.Services{After: time.Second}, fault.Invalid},
		{"1001", extension.Services{After: time.Hour}, fault.Invalid},
		{"1001", extension.Services{After: 10*time.Second + 1}, fault.Invalid},
	} {
		if err := r.Set(t.Context(), ca.name, ca.s); fault.Of(err) != ca.want {
			t.Errorf("%s %+v: %v", ca.name, ca.s, err)
		}
	}
	if len(r.List()) != 0 || len(k.all) != 0 {
		t.Errorf("kept are %v", k.all)
	}
	k.err = errors.New("disk full")
	if err := r.Set(t.Context(), "1001", extension.Services{DND: true}); err == nil || len(r.List()) != 0 {
		t.Errorf("without a disk: %v, %v", err, r.List())
	}
}

// A restart finds what was switched on.
func TestServicesAreKept(t *testing.T) {
	k := new(kept)
	r := registry(t, k)
	want := extension.Services{Busy: "700", NoAnswer: "1003", After: 12 * time.Second}
	set(t, r, "1002", want)
	set(t, r, "1001", extension.Services{DND: true})
	set(t, r, "1001", extension.Services{})
	again := registry(t, k)
	if got, err := again.Get("1002"); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if list := r.List(); len(list) != 1 || list[0].Extension != "1002" {
		t.Errorf("%+v", list)
	}
	if _, _, ok := (*extension.Registry)(nil).Of(to("1001")); ok {
		t.Error("a server without services")
	}
}

func TestWhereACallGoes(t *testing.T) {
	r := registry(t, new(kept))
	set(t, r, "1001", extension.Services{Always: "700", DND: true})
	set(t, r, "1002", extension.Services{DND: true, NoAnswer: "1003"})
	set(t, r, "1003", extension.Services{DND: true, Busy: "1004"})
	set(t, r, "1004", extension.Services{NoAnswer: "700", After: 9 * time.Second})
	set(t, r, "1005", extension.Services{NoAnswer: "700"})
	for _, ca := range []struct {
		name  string
		want  string // exten reason
		limit time.Duration
		err   fault.Kind
	}{
		{"1001", "700 cfu", 0, 0},
		{"1002", "", 0, fault.Busy},
		{"1003", "1004 dnd", 0, 0},
		{"1004", "", 9 * time.Second, 0},
		{"1005", "", extension.DefaultAfter, 0},
		{"1006", "", 0, 0},
		{"0123@trunk", "", 0, 0},
	} {
		f, limit, err := r.Before(to(ca.name), nil, false)
		got := ""
		if f != nil {
			got = f.Exten + " " + f.Way.Reason().String()
		}
		if got != ca.want || limit != ca.limit || (err != nil) != (ca.err != 0) || err != nil && fault.Of(err) != ca.err {
			t.Errorf("%s: %q, %v, %v", ca.name, got, limit, err)
		}
	}
	// A call that stays rings, unless that would disturb.
	for name, kind := range map[string]fault.Kind{"1001": fault.Busy, "1003": fault.Busy, "1004": 0, "1005": 0, "1006": 0} {
		f, limit, err := r.Before(to(name), nil, true)
		if f != nil || limit != 0 || fault.Of(err) != kind && err != nil || (err != nil) != (kind != 0) {
			t.Errorf("%s, to stay: %+v, %v, %v", name, f, limit, err)
		}
		if rung, _, err := r.Diversion(true)(to(name), nil); rung != to(name) || (err != nil) != (kind != 0) {
			t.Errorf("%s of several, to stay: %v, %v", name, rung, err)
		}
	}
	for _, ca := range []struct {
		name, want string
		why        party.Reason
	}{
		{"1003", "1004", party.Busy}, {"1003", "", party.NoAnswer}, {"1004", "700", party.NoAnswer}, {"1004", "700", party.NotAvailable},
		{"1004", "", party.Busy}, {"1006", "", party.Busy}, {"1004", "", party.Away},
	} {
		f, err := r.After(to(ca.name), ca.why, nil)
		got := ""
		if f != nil {
			got = f.Exten
		}
		if got != ca.want || err != nil {
			t.Errorf("%s, %v: %q, %v", ca.name, ca.why, got, err)
		}
	}
}

// Where several ring, a forward to a phone is followed, in no circle.
func TestAMemberThatForwards(t *testing.T) {
	r := registry(t, new(kept))
	set(t, r, "1001", extension.Services{Always: "1002"})
	set(t, r, "1002", extension.Services{Always: "1003"})
	set(t, r, "1004", extension.Services{Always: "1005"})
	set(t, r, "1005", extension.Services{Always: "1004"})
	set(t, r, "1006", extension.Services{Always: "700"})
	set(t, r, "1007", extension.Services{DND: true})
	for _, ca := range []struct {
		name, want string
		count      int
		err        fault.Kind
	}{
		{"1001", "1003", 2, 0}, {"1004", "", 0, fault.Looped}, {"1006", "", 0, fault.Unreachable}, {"1007", "", 0, fault.Busy}, {"1008", "1008", 0, 0},
	} {
		got, way, err := r.Member(to(ca.name), nil)
		if err != nil {
			if fault.Of(err) != ca.err {
				t.Errorf("%s: %v", ca.name, err)
			}
			continue
		}
		if ca.err != 0 || got.Resource != ca.want || way.Count() != ca.count {
			t.Errorf("%s: %v, %+v", ca.name, got, way)
		}
	}
}
