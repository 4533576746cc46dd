package contacts_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/app/contacts"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const plan = `[internal]
exten => ask,1,Set(__FOR=one)
 same => n,Note(${PJSIP_DIAL_CONTACTS(100)})
 same => n,Note(${PJSIP_DIAL_CONTACTS( 100 , home , 200 )})
 same => n,Note(none ${PJSIP_DIAL_CONTACTS(200)})
 same => n,Note(unknown ${PJSIP_DIAL_CONTACTS(300)})
 same => n,Note(nothing ${PJSIP_DIAL_CONTACTS()})
 same => n,Dial(${PJSIP_DIAL_CONTACTS(200)},10)
 same => n,Note(${DIALSTATUS})
`

func TestFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		find := func(endpoint, aor, user string, vars []dialplan.Variable) ([]dialstring.Target, error) {
			asked = append(asked, fmt.Sprint(endpoint, " ", aor, " ", user, " ", vars))
			switch endpoint {
			case "100":
				return []dialstring.Target{{Tech: "PJSIP", Resource: "100/a"}, {Tech: "PJSIP", Resource: "100/b"}}, nil
			case "200":
				return nil, nil
			}
			return nil, fault.New(fault.NotFound, "no endpoint %q", endpoint)
		}
		r := apptest.New(t, nil, plan, func(*apptest.Rig) ([]dialplan.Application, []dialplan.Function) {
			return nil, contacts.Functions(find)
		})
		r.Run(r.Leg("1001", nil, signaltest.Script{}), "ask")
		r.Note("PJSIP/100/a&PJSIP/100/b", "PJSIP/100/a&PJSIP/100/b", "none ", "unknown ", "nothing ", "CHANUNAVAIL")
		if want := "[100   [{__FOR one}] 100 home 200 [{__FOR one}] 200   [{__FOR one}] 300   [{__FOR one}] 200   [{__FOR one}]]"; fmt.Sprint(asked) != want {
			t.Errorf("asked %s", asked)
		}
		r.Engine.HangupAll(signaling.CauseNormal)
	})
}
