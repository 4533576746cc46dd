package onward_test

import (
	"context"
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/onward"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book knows every phone, in the context internal; none may dial 666.
type book struct{}

func (book) Phone(name string) (extension.Phone, bool) {
	return extension.Phone{Name: name, Context: "internal", ID: signaling.CallerID{Name: "Desk", Number: name}}, true
}

func (book) MayDial(_, exten string) bool { return exten != "666" }

// forgotten keeps services nowhere.
type forgotten struct{}

func (forgotten) Put(context.Context, string, extension.Services) error { return nil }

func (forgotten) All(context.Context) (map[string]extension.Services, error) {
	return map[string]extension.Services{}, nil
}

const plan = `[internal]
exten => 200,1,Note(${CALLERID(num)})
 same => n,Answer()
 same => n,WaitExten(60)
exten => 7,1,Note(seven)
 same => n,Hangup(21)
exten => 201,1,Progress()
 same => n,Wait(60)
exten => 202,1,Busy()
`

type rig struct {
	*apptest.Rig
	cfg *onward.Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Rig: apptest.New(t, signaltest.NewMixer(t, g711.MuLaw(), l16.Wideband()), plan)}
	services, err := extension.Load(t.Context(), forgotten{})
	if err != nil {
		t.Fatal(err)
	}
	services.Serve(book{})
	r.Tech.Endpoint("1002", signaltest.Endpoint{Err: fault.New(fault.Unreachable, "no contact")})
	r.cfg = &onward.Config{
		Engine: r.Engine, Services: services, Log: slog.New(slog.NewTextHandler(r.Log, nil)),
	}
	r.Engine.AddTech(local.New(local.Config{Engine: r.Engine, Log: r.cfg.Log, Run: app.Entry{Executor: r.Exec}.Begin}))
	return r
}

// place calls the phone 1002 that has that switched on.
func (r *rig) place(t *testing.T, s extension.Services) (*onward.Call, *signaling.Channel, error) {
	t.Helper()
	if err := r.cfg.Services.Set(t.Context(), "1002", s); err != nil {
		t.Fatal(err)
	}
	return onward.Place(t.Context(), r.cfg, signaling.Outgoing{
		Target: dialstring.Target{Tech: "Test", Resource: "1002"}, Request: signaling.DialRequest{Caller: signaling.CallerID{Number: "1001"}},
	})
}

// A forwarded call goes through the plan, knows who has forwarded it, carries keys, and ends as
// the plan says.
func TestThroughThePlan(t *testing.T) {
	r := newRig(t)
	call, c, err := r.place(t, extension.Services{Always: "200"})
	if err != nil {
		t.Fatal(err)
	}
	r.Note("1001")
	for _, half := range r.Engine.Channels() {
		if way := half.Redirecting; way.From().Number != "1002" || way.Reason() != party.Unconditional {
			t.Errorf("%s was sent on by %q, %v", half.Name, way.From().Number, way.Reason())
		}
	}
	r.Eventually("it is answered", func() bool { return c.Snapshot().State == signaling.Up })
	if err := c.SendDigits(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	r.Note("seven")
	r.Gone(c)
	if cause := c.Snapshot().Cause; cause != signaling.CauseRejected {
		t.Errorf("ended by %d", cause)
	}
	if next, err := call.Next(t.Context(), c, signaling.CauseBusy, true); next != nil || err != nil {
		t.Errorf("it goes on once more: %v, %v", next, err)
	}
}

// Who called hears what the plan says before the answer; hanging up ends the plan.
func TestGivenUpInThePlan(t *testing.T) {
	r := newRig(t)
	_, c, err := r.place(t, extension.Services{Always: "201"})
	if err != nil {
		t.Fatal(err)
	}
	r.Eventually("it is heard", func() bool { return c.Snapshot().Media })
	if c.Snapshot().State == signaling.Up {
		t.Error("it is answered")
	}
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	r.Eventually("the plan has ended", func() bool { return len(r.Engine.Channels()) == 0 })
}

// A phone that is not there, or not to be disturbed, is as it has switched on.
func TestPhonesThatDoNotRing(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]struct {
		services extension.Services
		want     fault.Kind
	}{
		"not there":           {extension.Services{}, fault.Unreachable},
		"not to be disturbed": {extension.Services{DND: true}, fault.Busy},
	} {
		if _, _, err := r.place(t, c.services); fault.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, c, err := r.place(t, extension.Services{NoAnswer: "202"})
	if err != nil {
		t.Fatal(err)
	}
	r.Gone(c)
	if cause := c.Snapshot().Cause; cause != signaling.CauseBusy {
		t.Errorf("ended by %d", cause)
	}
}
