package line_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/app/line"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A step of a plan is a Set, and what a text is worth after it.
func TestLineFunctions(t *testing.T) {
	for _, tc := range []struct{ set, read, want string }{
		{"X=", "${CONNECTEDLINE(num)}|${CONNECTEDLINE(pres)}|${REDIRECTING(count)}|${REDIRECTING(reason)}|${REDIRECTING(from-num)}", "|unavailable|0|unknown|"},
		{`CONNECTEDLINE(all)="Ana" <100>`, "${CONNECTEDLINE(name)} ${CONNECTEDLINE(num)} ${CONNECTEDLINE(all)} ${CONNECTEDLINE(name-valid)}", `Ana 100 "Ana" <100> 1`},
		{"CONNECTEDLINE(num,i)=200", "${CONNECTEDLINE(num)}", "200"},
		{"CONNECTEDLINE(num-pres)=prohib", "${CONNECTEDLINE(num-pres)} ${CONNECTEDLINE(name-pres)}", "prohib allowed_not_screened"},
		{"CONNECTEDLINE(pres)=secret", "${CONNECTEDLINE(pres)}", "unavailable"},
		{"CONNECTEDLINE(shoe)=41", "${CONNECTEDLINE(shoe)}", ""},
		{"REDIRECTING(from-num)=300", "${REDIRECTING(from-num)} ${REDIRECTING(orig-num)} ${REDIRECTING(count)}", "300 300 1"},
		{"REDIRECTING(reason)=cfb", "${REDIRECTING(reason)} ${REDIRECTING(orig-reason)}", "cfb cfb"},
		{"REDIRECTING(orig-reason)=dnd", "${REDIRECTING(orig-reason)}", "dnd"},
		{"REDIRECTING(count)=4", "${REDIRECTING(count)}", "4"},
		{"REDIRECTING(count)=-1", "${REDIRECTING(count)}", "0"},
		{"REDIRECTING(to-name)=Eve", "${REDIRECTING(to-name)}", "Eve"},
		{"REDIRECTING(orig-all)=Eve <5>", "${REDIRECTING(orig-name)} ${REDIRECTING(orig-num)}", "Eve 5"},
		{"REDIRECTING(shoe-num)=41", "${REDIRECTING(shoe-num)}${REDIRECTING(from)}", ""},
		{"CALLERID(num-pres)=prohib", "${CALLERID(num-pres)} ${CALLERID(name-pres)} ${CALLERID(pres)}", "prohib allowed_not_screened prohib"},
		{"CALLERID(pres)=unavailable", "${CALLERID(name-pres)}", "unavailable"},
		{"CALLERID(tag)=sales", "${CALLERID(tag)}", "sales"},
		{"CALLERID(all)=Bob <7>", "${CALLERID(num)} ${CALLERID(name)}", "7 Bob"},
	} {
		t.Run(tc.set, func(t *testing.T) {
			r := apptest.New(t, nil, "[internal]\nexten => s,1,Set("+tc.set+")\n same => n,Note("+tc.read+")\n",
				func(*apptest.Rig) ([]dialplan.Application, []dialplan.Function) { return nil, line.Functions() })
			c := r.Run(r.Leg("1001", nil, signaltest.Script{}), "s")
			r.Note(tc.want)
			r.Gone(c)
		})
	}
}
