package planned_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/conference/planned"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
)

func load(t *testing.T, text string) *dialplan.Plan {
	t.Helper()
	plan, err := dialplan.LoadFile(dialplantest.Loader(text), "extensions.conf", false)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// What stands in the plan is the plan's, as it is now; what is dialled is not.
func TestNumbers(t *testing.T) {
	plan := load(t, strings.Join([]string{
		"[a]",
		"exten => 600,1,ConfBridge(9100)",
		"exten => 601,1,Answer()",
		" same => n,confbridge( 9101 ,default_bridge,admin)",
		"exten => 9102,1,ConfBridge(${EXTEN})",
		"exten => 9-103,1,ConfBridge(${EXTEN},,marked)",
		"exten => _9XXX,1,ConfBridge(${EXTEN})",
		"exten => _91XX,1,ConfBridge(${EXTEN:1})",
		"exten => 602,1,ConfBridge(91${ROOM})",
		"exten => 603,1,Dial(PJSIP/9104)",
		"exten => 604,1,ConfBridge()",
		"[b]",
		"exten => 9XXX,1,NoOp()",
		"exten => 605,1,ConfBridge(9105)",
	}, "\n"))
	now := plan
	n := planned.New(func() *dialplan.Plan { return now })
	all := func() (have []string) {
		for i := range 10000 {
			if s := strconv.Itoa(i); n.Has(s) {
				have = append(have, s)
			}
		}
		return have
	}
	if got := all(); !slices.Equal(got, []string{"9100", "9101", "9102", "9103", "9105"}) || n.Has("") {
		t.Errorf("%v", got)
	}
	now = load(t, "[a]\nexten => 600,1,ConfBridge(9200)\n")
	if got := all(); !slices.Equal(got, []string{"9200"}) {
		t.Errorf("%v after a reload", got)
	}
	now = nil
	if got := all(); len(got) != 0 {
		t.Errorf("%v without a plan", got)
	}
}
