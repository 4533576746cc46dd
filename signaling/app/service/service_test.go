package service_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/app/line"
	"github.com/skygenesisenterprise/skybridge/signaling/app/service"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type nothing struct{}

func (nothing) Put(context.Context, string, extension.Services) error { return nil }

func (nothing) All(context.Context) (map[string]extension.Services, error) {
	return map[string]extension.Services{}, nil
}

// phones are those of four digits; 0900 is for nobody.
type phones struct{}

func (phones) Phone(name string) (extension.Phone, bool) {
	return extension.Phone{Name: name, Context: "internal", ID: party.ID{Name: "Phone"}}, len(name) == 4
}

func (phones) MayDial(_, exten string) bool { return exten != "0900" }

const plan = `[internal]
exten => _XXXX,1,Dial(Test/${EXTEN},60)
 same => n,Note(${EXTEN} ${DIALSTATUS} ${HANGUPCAUSE})
 same => n,Hangup()
exten => 700,1,Note(700 after ${REDIRECTING(from-num)} ${REDIRECTING(reason)} ${REDIRECTING(count)})
exten => 600,1,Dial(Test/1001&Test/1002,10)
 same => n,Note(600 ${DIALSTATUS} ${HANGUPCAUSE})
exten => _*72.,1,Set(FORWARD(always)=${EXTEN:3})
 same => n,Note(${FORWARD(always)})
exten => _*90.,1,Set(FORWARD(busy,1002)=${EXTEN:3})
 same => n,Note(${FORWARD(busy,1002)}${FORWARD(busy)})
exten => *92,1,Set(FORWARD(no_answer)=700)
 same => n,Set(FORWARD(no_answer_after)=12)
 same => n,Note(${FORWARD(no_answer)} ${FORWARD(no_answer_after)})
exten => *78,1,Set(DND()=yes)
 same => n,Note(${DND()})
exten => *79,1,Set(DND()=no)
 same => n,Note(${DND()})
`

func rig(t *testing.T) (*apptest.Rig, *extension.Registry) {
	t.Helper()
	services, err := extension.Load(t.Context(), nothing{})
	if err != nil {
		t.Fatal(err)
	}
	services.Serve(phones{})
	r := apptest.New(t, nil, plan, func(r *apptest.Rig) ([]dialplan.Application, []dialplan.Function) {
		r.Services.Extensions = services
		return nil, append(line.Functions(), service.Functions(services)...)
	})
	return r, services
}

func TestForwards(t *testing.T) {
	for _, ca := range []struct {
		name  string
		set   map[string]extension.Services
		start map[string]func(*signaltest.Leg) // who answers how; others are not there
		exten string
		notes []string
		cause signaling.Cause
		took  time.Duration
	}{
		{name: "always", set: map[string]extension.Services{"1001": {Always: "700"}}, exten: "1001", notes: []string{"700 after 1001 cfu 1"}, cause: 16},
		{name: "busy", set: map[string]extension.Services{"1001": {Busy: "700"}}, start: map[string]func(*signaltest.Leg){"1001": signaltest.Refuses(17)},
			exten: "1001", notes: []string{"700 after 1001 cfb 1"}, cause: 16},
		{name: "no answer", set: map[string]extension.Services{"1001": {NoAnswer: "700", After: 9 * time.Second}},
			start: map[string]func(*signaltest.Leg){"1001": signaltest.Rings}, exten: "1001", notes: []string{"700 after 1001 cfnr 1"}, cause: 16, took: 9 * time.Second},
		{name: "another phone after some time", set: map[string]extension.Services{"1001": {NoAnswer: "1002", After: 9 * time.Second}},
			start: map[string]func(*signaltest.Leg){"1001": signaltest.Rings, "1002": signaltest.Refuses(17)}, exten: "1001",
			notes: []string{"1002 BUSY 17"}, cause: 17, took: 9 * time.Second},
		{name: "do not disturb", set: map[string]extension.Services{"1001": {DND: true, NoAnswer: "700"}}, exten: "1001", notes: []string{"1001 BUSY 17"}, cause: 17},
		{name: "do not disturb, forwarded", set: map[string]extension.Services{"1001": {DND: true, Busy: "700"}}, exten: "1001",
			notes: []string{"700 after 1001 dnd 1"}, cause: 16},
		{name: "a chain", set: map[string]extension.Services{"1001": {Always: "1002"}, "1002": {Always: "700"}}, exten: "1001",
			notes: []string{"700 after 1002 cfu 2"}, cause: 16},
		{name: "two that forward to each other", set: map[string]extension.Services{"1001": {Always: "1002"}, "1002": {Always: "1001"}}, exten: "1001",
			notes: []string{"1001 CHANUNAVAIL 25"}, cause: 25},
		{name: "one of several", set: map[string]extension.Services{"1001": {DND: true}, "1002": {Always: "1003"}},
			start: map[string]func(*signaltest.Leg){"1003": signaltest.Refuses(17)}, exten: "600", notes: []string{"600 BUSY 17"}, cause: 17},
	} {
		t.Run(ca.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, services := rig(t)
				for name, s := range ca.set {
					if err := services.Set(t.Context(), name, s); err != nil {
						t.Fatal(err)
					}
				}
				for name, start := range ca.start {
					r.Tech.Endpoint(name, signaltest.Endpoint{Script: signaltest.Script{Start: start}})
				}
				begin := time.Now()
				c := r.Run(r.Leg("1009", nil, signaltest.Script{}), ca.exten)
				r.Note(ca.notes...)
				if took := time.Since(begin); took != ca.took {
					t.Errorf("took %v, want %v", took, ca.took)
				}
				if s := r.Gone(c); s.Cause != ca.cause {
					t.Errorf("ended with %d, want %d", s.Cause, ca.cause)
				}
			})
		})
	}
}

// A chain of 25 phones, each of which forwards to the next one, ends.
func TestAChainOf25(t *testing.T) {
	r, services := rig(t)
	for i := range 25 {
		if err := services.Set(t.Context(), fmt.Sprint(1000+i), extension.Services{Always: fmt.Sprint(1001 + i)}); err != nil {
			t.Fatal(err)
		}
	}
	c := r.Run(r.Leg("2000", nil, signaltest.Script{}), "1000")
	r.Note(fmt.Sprintf("%d CHANUNAVAIL 25", 1000+party.MaxRedirects))
	if s := r.Gone(c); s.Cause != 25 {
		t.Errorf("ended with %d", s.Cause)
	}
}

func TestFeatureCodes(t *testing.T) {
	r, services := rig(t)
	for _, ca := range []struct{ exten, note, who, want string }{
		{"*72700", "700", "1001", "{700   0s false}"},
		{"*720900", "700", "1001", "{700   0s false}"}, // may not be dialled: as it was
		{"*90700", "700", "1002", "{ 700  0s false}"},
		{"*92", "700 12", "1001", "{700  700 12s false}"},
		{"*78", "1", "1001", "{700  700 12s true}"},
		{"*79", "0", "1001", "{700  700 12s false}"},
	} {
		c := r.Run(r.Leg("1001", nil, signaltest.Script{}), ca.exten)
		r.Note(ca.note)
		r.Gone(c)
		s, err := services.Get(ca.who)
		if got := fmt.Sprint(s); got != ca.want || err != nil {
			t.Errorf("%s: %s, %v", ca.exten, got, err)
		}
	}
	if log := r.Log.String(); !strings.Contains(log, "may not dial 0900") {
		t.Error("nobody is told why")
	}
}
