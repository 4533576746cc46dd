package voip_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

func TestTrunksAreListed(t *testing.T) {
	r := newRig(t)
	root := r.as("root", role(auth.RoleAdmin))
	var none, got struct{ Items []monitoring.TrunkDetail }
	root.get("/trunks").want(200).into(&none)
	if none.Items == nil || len(none.Items) != 0 {
		t.Errorf("without trunks %s", show(none))
	}
	r.phones.trunks = []signaling.EndpointSnapshot{{
		Name: "carrier", Trunk: true, Registration: "Registered        (exp. 55s)", LastError: "503 Busy", Calls: 3, MaxCalls: 30, PerSecond: 2.5,
		Attempts: 9, Answered: 7, Failures: 1, Refused: 2, RetryAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}}
	for _, who := range []*user{root, r.as("eve", role(auth.RoleAuditor))} {
		who.get("/trunks").want(200).into(&got)
		if show(got.Items) != `[{"name":"carrier","state":"Registered        (exp. 55s)","rtt_ms":null,"last_error":"503 Busy","calls":3,"max_calls":30,`+
			`"calls_per_second":2.5,"attempts":9,"answered":7,"failures":1,"refused":2,"retry_at":"2026-01-02T03:04:05Z"}]` {
			t.Errorf("trunks %s", show(got))
		}
	}
	r.as("alice").get("/trunks").want(403, "forbidden")
}
