package voip_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

func TestACallIsMadeAsTheContractSays(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	a := alice.post("/calls", map[string]any{
		"participants": []string{"SIP/1001"}, "call_type": "audio",
		"metadata": map[string]any{"asterisk_call_id": "17.4", "caller_id": "0123", "n": 1.5},
	}).want(201)
	var c voip.CallBody
	a.into(&c)
	if want := rest.Base + "/calls/" + c.ID; a.header.Get("Location") != want {
		t.Errorf("Location %q, want %q", a.header.Get("Location"), want)
	}
	// The phone may ring before the answer is written.
	if c.Status != voip.StatusInitiated && c.Status != voip.StatusRinging || c.Direction != "outbound" || c.CreatedBy != "alice" || c.AnsweredAt != nil ||
		len(c.Participants) != 1 || c.BridgeID == "" {
		t.Errorf("call %s", a.body)
	}
	pt := c.Participants[0]
	if pt.Endpoint != "SIP/1001" || pt.Role != "callee" || pt.State != voip.StateRinging || pt.UserID != nil || pt.ChannelID == nil {
		t.Fatalf("participant %s", show(pt))
	}
	if _, err := r.engine.Channel(*pt.ChannelID); err != nil {
		t.Errorf("the engine does not know the channel: %v", err)
	}
	want := map[string]any{"asterisk_call_id": "17.4", "caller_id": "0123", "n": 1.5, "asterisk_channel_id": *pt.ChannelID}
	if show(c.Metadata) != show(want) {
		t.Errorf("metadata %s, want %s", show(c.Metadata), show(want))
	}
	ph := r.phone("1001")
	if ph.caller != (signaling.CallerID{Name: "alice", Number: "alice"}) {
		t.Errorf("the phone shows %v", ph.caller)
	}
	ph.rings()
	alice.sees(c.ID, "the phone rings", status(voip.StatusRinging))
}

func TestWhatCannotBeCalled(t *testing.T) {
	r := newRig(t, newClock().runs) // nothing waits for anybody
	r.phones.unregister("1002")
	alice := r.as("alice")
	body := func(endpoints ...string) map[string]any {
		return map[string]any{"participants": endpoints, "call_type": "audio"}
	}
	many := make([]string, 65)
	for i := range many {
		many[i] = "WebRTC/u" + uuid.NewString()
	}
	for name, tc := range map[string]struct {
		in     any
		status int
		code   string
		at     string
	}{
		"unknown":            {body("SIP/4711"), 404, "not_found", "body.participants[0]"},
		"unknown technology": {body("DAHDI/1"), 404, "not_found", "body.participants[0]"},
		"unregistered":       {body("SIP/1002"), 409, "endpoint_unreachable", "body.participants[0]"},
		"the second unknown": {body("SIP/1001", "SIP/4711"), 404, "not_found", "body.participants[1]"},
		"nobody":             {body([]string{}...), 422, "invalid", "body.participants"},
		"an empty list":      {`{"participants":[],"call_type":"audio"}`, 422, "invalid", "body.participants"},
		"too many":           {body(many...), 413, "too_large", "body.participants"},
		"no endpoint":        {body("1001"), 422, "invalid", "body.participants[0]"},
		"twice":              {body("SIP/1001", "sip/1001"), 422, "invalid", "body.participants[1]"},
		"oneself":            {body("WebRTC/alice"), 422, "invalid", "body.participants[0]"},
		"an option smuggled": {body("SIP/1001&SIP/1003"), 422, "invalid", "body.participants[0]"},
		"a header smuggled":  {body("SIP/1001\r\nX: y"), 422, "invalid", "body.participants[0]"},
		"bad type":           {map[string]any{"participants": []string{"SIP/1001"}, "call_type": "fax"}, 422, "invalid", "body.call_type"},
		"no type":            {map[string]any{"participants": []string{"SIP/1001"}}, 422, "invalid", "body.call_type"},
		"not a list":         {map[string]any{"participants": "SIP/1001", "call_type": "audio"}, 422, "invalid", "body.participants"},
		"unknown field":      {map[string]any{"participants": []string{"SIP/1001"}, "call_type": "audio", "x": 1}, 422, "invalid", "body.x"},
		"a caller id smuggled": {
			map[string]any{"participants": []string{"SIP/1001"}, "call_type": "audio", "caller_id": "a\r\nb"}, 422, "invalid", "body.caller_id",
		},
		"metadata too large": {
			map[string]any{"participants": []string{"SIP/1001"}, "call_type": "audio", "metadata": map[string]any{"x": strings.Repeat("x", 17<<10)}},
			413, "too_large", "body.metadata",
		},
		"no JSON":    {`{"participants":`, 400, "bad_request", "body"},
		"no object":  {`[]`, 422, "invalid", "body"},
		"no body":    {nil, 400, "bad_request", ""},
		"deep JSON":  {strings.Repeat("[", 1_000_000), 400, "bad_request", ""},
		"deep field": {`{"metadata":` + strings.Repeat(`{"a":`, 200_000), 400, "bad_request", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := alice.in(t).post("/calls", tc.in).want(tc.status, tc.code)
			if tc.at != "" {
				a.at(tc.at)
			}
			if tc.status == 409 && (a.problem().SIP == nil || a.problem().SIP.Status != 480) {
				t.Errorf("no SIP status: %s", a.body)
			}
		})
	}
	var calls struct{ Items []voip.CallBody }
	alice.get("/calls").want(200).into(&calls)
	if len(calls.Items) != 0 {
		t.Errorf("a refused call is listed: %s", show(calls.Items))
	}
	eventually(t, func() bool { return len(r.engine.Bridges()) == 0 && len(r.engine.Channels()) == 0 },
		func() string { return "refused calls leave nothing behind" })
}

func TestWhoMayAsk(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	c := alice.calls("SIP/1001")
	forged, err := auth.New(auth.Config{Secret: []byte("not the secret of the tests")}, nil)
	must(t, err)
	token, err := forged.Issue(auth.Principal{User: "alice", Roles: []auth.Role{auth.RoleAdmin}}, time.Hour)
	must(t, err)
	old, err := r.auth.Issue(auth.Principal{User: "alice"}, -time.Hour)
	must(t, err)
	for name, token := range map[string]string{
		"nobody": "", "forged": token, "expired": old, "rubbish": "rubbish",
		"no algorithm": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.",
	} {
		u := &user{rig: r, name: name, token: token}
		for _, a := range []answer{
			u.get("/calls"), u.get("/calls/" + c.ID), u.post("/calls", `{}`), u.post("/calls/"+c.ID+"/end", nil),
		} {
			a.want(401, "unauthorized")
			if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
				t.Errorf("%s: WWW-Authenticate %q", name, got)
			}
		}
	}
	// Others' calls do not exist.
	bob := r.as("bob")
	for _, path := range []string{"", "/signaling"} {
		bob.get("/calls/"+c.ID+path).want(404, "not_found")
	}
	for _, verb := range []string{"accept", "end", "hold", "unhold", "mute", "unmute"} {
		bob.post("/calls/"+c.ID+"/"+verb, nil).want(404, "not_found")
	}
	bob.post("/calls/"+c.ID+"/signaling", map[string]any{"message_type": "mute"}).want(404, "not_found")
	bob.post("/calls/"+c.ID+"/participants", map[string]any{"participants": []string{"SIP/1002"}}).want(404, "not_found")
	bob.delete("/calls/"+c.ID+"/participants/"+c.Participants[0].ID).want(404, "not_found")
	if got := listed(bob, ""); len(got) != 0 {
		t.Errorf("bob sees %v", got)
	}
	if got := listed(r.as("root", role(auth.RoleAdmin)), ""); !slices.Equal(got, []string{c.ID}) {
		t.Errorf("the admin sees %v", got)
	}
	// The owner of the called phone sees it ring.
	if got := listed(r.as("carol", extension("1001")), ""); !slices.Equal(got, []string{c.ID}) {
		t.Errorf("the called user sees %v", got)
	}
	// An auditor reads, and does no more.
	auditor := r.as("audit", role(auth.RoleAuditor))
	auditor.post("/calls", map[string]any{"participants": []string{"SIP/1002"}, "call_type": "audio"}).want(403, "forbidden")
	alice.post("/calls/"+c.ID+"/end", nil).want(200)
	if got := listed(auditor, "?status=ended"); !slices.Equal(got, []string{c.ID}) {
		t.Errorf("the auditor sees %v", got)
	}
	if got := listed(bob, "?status=ended"); len(got) != 0 {
		t.Errorf("bob sees the records %v", got)
	}
}

// listed gives the ids in a list of calls.
func listed(u *user, query string) []string {
	u.t.Helper()
	var list struct {
		Items []struct{ ID string }
	}
	u.get("/calls" + query).want(200).into(&list)
	ids := []string{}
	for _, item := range list.Items {
		ids = append(ids, item.ID)
	}
	return ids
}

func TestIDsThatAreNone(t *testing.T) {
	alice := newRig(t).as("alice")
	for _, id := range []string{"x", "1", uuid.NewString(), "%00", "..%2f..", strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 5000), "%F0%9F%93%9E", "00000000-0000-0000-0000-00000000000g"} {
		alice.get("/calls/"+id).want(404, "not_found")
		alice.get("/calls/"+id+"/signaling").want(404, "not_found")
		alice.post("/calls/"+id+"/end", nil).want(404, "not_found")
		alice.post("/calls/"+id+"/accept", nil).want(404, "not_found")
		alice.get("/rooms/"+id).want(404, "not_found")
		alice.post("/rooms/"+id+"/join", nil).want(404, "not_found")
		alice.delete("/rooms/"+id).want(404, "not_found")
	}
}

func TestAUsersCallsAreLimited(t *testing.T) {
	r := newRig(t, func(c *voip.Config) { c.PerUser = 2 })
	alice, bob := r.as("alice"), r.as("bob")
	first := alice.calls("WebRTC/bob")
	alice.calls("WebRTC/bob")
	a := alice.post("/calls", map[string]any{"participants": []string{"WebRTC/bob"}, "call_type": "audio"}).want(429, "too_many")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	bob.calls("WebRTC/alice") // others are not held up
	alice.post("/calls/"+first.ID+"/end", nil).want(200)
	alice.calls("WebRTC/bob")
}

func TestListsAreSortedAndPaged(t *testing.T) {
	r := newRig(t)
	alice := r.as("alice")
	var made []string
	for range 5 {
		made = append(made, alice.calls("WebRTC/bob").ID)
	}
	if got := listed(alice, ""); !slices.Equal(got, made) {
		t.Errorf("listed %v, made %v", got, made)
	}
	pages := func(query string) (out []string) {
		cursor := ""
		for range 5 {
			var list struct {
				Items []struct{ ID string }
				Next  *string `json:"next_cursor"`
			}
			alice.get("/calls?limit=2" + query + cursor).want(200).into(&list)
			for _, item := range list.Items {
				out = append(out, item.ID)
			}
			if list.Next == nil {
				return out
			}
			cursor = "&cursor=" + *list.Next
		}
		t.Fatal("the list does not end")
		return nil
	}
	if got := pages(""); !slices.Equal(got, made) {
		t.Errorf("paged %v, made %v", got, made)
	}
	since := time.Now().UTC().Format(time.RFC3339Nano)
	later := alice.calls("WebRTC/bob").ID
	if got := listed(alice, "?since="+since); !slices.Equal(got, []string{later}) {
		t.Errorf("since then %v, want %v", got, later)
	}
	for _, id := range append(slices.Clone(made), later) {
		alice.post("/calls/"+id+"/end", nil).want(200)
	}
	if got := listed(alice, ""); len(got) != 0 {
		t.Errorf("ended calls are active: %v", got)
	}
	slices.Reverse(made)
	if got := pages("&status=ended"); !slices.Equal(got, append([]string{later}, made...)) {
		t.Errorf("records %v, want %v", got, made)
	}
	if got := listed(alice, "?status=ended&since="+since); !slices.Equal(got, []string{later}) {
		t.Errorf("records since then %v", got)
	}
	for query, at := range map[string]string{
		"?limit=0": "query.limit", "?limit=x": "query.limit", "?status=odd": "query.status", "?since=today": "query.since",
		"?cursor=x": "query.cursor", "?status=ended&cursor=x": "query.cursor",
	} {
		alice.get("/calls"+query).want(422, "invalid").at(at)
	}
}

func TestARequestIsDoneOnce(t *testing.T) {
	r := newRig(t)
	alice, bob := r.as("alice"), r.as("bob")
	body := map[string]any{"participants": []string{"WebRTC/carol"}, "call_type": "audio"}
	first := alice.do("POST", "/calls", body, "Idempotency-Key", "k").want(201)
	again := alice.do("POST", "/calls", body, "Idempotency-Key", "k").want(201)
	if !bytes.Equal(first.body, again.body) || first.header.Get("Location") != again.header.Get("Location") {
		t.Errorf("answered %s, then %s", first.body, again.body)
	}
	body["call_type"] = "video"
	alice.do("POST", "/calls", body, "Idempotency-Key", "k").want(422, "idempotency_key_reused")
	bob.do("POST", "/calls", body, "Idempotency-Key", "k").want(201) // another's key
	if got := listed(alice, ""); len(got) != 1 {
		t.Errorf("%d calls were made", len(got))
	}
	// What failed may be tried again.
	r.phones.unregister("1001")
	down := map[string]any{"participants": []string{"SIP/1001"}, "call_type": "audio"}
	alice.do("POST", "/calls", down, "Idempotency-Key", "f").want(409)
	r.phones.mu.Lock()
	clear(r.phones.absent)
	r.phones.mu.Unlock()
	alice.do("POST", "/calls", down, "Idempotency-Key", "f").want(201)
	r.phone("1001")
	alice.do("POST", "/calls", down, "Idempotency-Key", strings.Repeat("k", 256)).want(413, "too_large").at("header.Idempotency-Key")
}

func TestHealthNeedsNoToken(t *testing.T) {
	r := newRig(t)
	r.phones.trunks = []signaling.EndpointSnapshot{
		{Name: "pbx", Trunk: true, Registration: "Registered", Contacts: []signaling.ContactSnapshot{{RTT: 1500 * time.Microsecond}}},
		{Name: "far", Trunk: true, LastError: "408", Contacts: []signaling.ContactSnapshot{{Status: signaling.ContactUnavailable}}},
	}
	r.as("alice").calls("SIP/1001")
	nobody := &user{rig: r, name: "nobody"}
	var h monitoring.HealthBody
	nobody.get("/asterisk/health").want(200).into(&h)
	if h.Status != "ok" || h.Version != "test" || h.Channels != 1 || h.Bridges != 1 || h.Endpoints != 5 || len(h.Trunks) != 2 {
		t.Errorf("health %s", show(h))
	}
	if show(h.Trunks) != `[{"name":"far","state":"Unavail","rtt_ms":null,"last_error":"408"},{"name":"pbx","state":"Registered","rtt_ms":1.5,"last_error":null}]` {
		t.Errorf("trunks %s", show(h.Trunks))
	}
	r.down = http.ErrServerClosed
	nobody.get("/asterisk/health").want(503).into(&h)
	if h.Status != "unavailable" || h.Reason == "" {
		t.Errorf("health %s", show(h))
	}
}
