package function_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// Values that name themselves, as a caller may call himself, are read until it is too
// deep; where each level reads two of the next, until the steps are used up.
func TestValuesThatNameThemselves(t *testing.T) {
	const burst = 200
	for _, c := range []struct {
		text, name string
		want       string // where it ends
	}{
		{"${EVAL(${CALLERID(name)})}", "EVAL(${CALLERID(name)})", "EVAL(EVAL(${CALLERID(name)}))"},
		{"${EVAL(${CALLERID(name)})}", "${EVAL(${CALLERID(name)})}", "too deep"},
		{"${EVAL(${CALLERID(name)})}", "${EVAL(${CALLERID(name)})}${EVAL(${CALLERID(name)})}", "too deep"},
		{"${CUT(${CALLERID(name)},-,1)}", "CUT(${CALLERID(name)},-,1)", "too deep"},
		{"${CUT(${CALLERID(name)},-,1)}", "CUT(${COUNT()}${CUT(${CALLERID(name)},-,1)}${CUT(${CALLERID(name)},-,1)},-,1)", "too deep"},
		{"${FIELDQTY(${CALLERID(name)},-)}", "FIELDQTY(${CALLERID(name)},-)", "too deep"},
		{"${INC(${CALLERID(name)})}", "INC(${CALLERID(name)})", "too deep"},
		{"${SHIFT(${CALLERID(name)})}", "SHIFT(${CALLERID(name)})", "too deep"},
		{"${STRREPLACE(${CALLERID(name)},a,b)}", "STRREPLACE(${CALLERID(name)},a,b)", "too deep"},
	} {
		t.Run(c.text+" of "+c.name, func(t *testing.T) {
			reads := 0
			ch := &dialplantest.Channel{}
			counted := dialplan.Function{Name: "COUNT", Read: func(*dialplan.Call, string) (string, error) {
				reads++
				return "", nil
			}}
			dialplantest.Inside(t, ch, func(call *dialplan.Call) {
				ch.Caller.Name = c.name
				got, err := substitute.Text(call, c.text)
				if err != nil {
					got = "too deep"
				}
				if got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
			}, func(o *dialplan.Options) {
				o.Config.Burst, o.Config.StepsPerSecond = burst, 1
				funcs, err := dialplan.NewFunctions(function.All(), []dialplan.Function{counted})
				if err != nil {
					t.Fatal(err)
				}
				o.Functions = funcs
			})
			if reads > burst {
				t.Errorf("%d reads of at most %d", reads, burst)
			}
		})
	}
}
