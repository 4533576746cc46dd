package sip

import (
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// Whose phone has been taken over calls no more numbers a minute than its limit, and emergency
// numbers; it is told when it may call again, and others call as before.
func TestC2CallsPerMinute(t *testing.T) {
	phone := func(name string) string {
		return "[" + name + "]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\n"
	}
	r := newRig(t, phone("1001"))
	set, err := endpoint.Load(asterisk.Loader{FS: fstest.MapFS{"pjsip.conf": {Data: []byte(phone("1001") + phone("1002") + phone("1003"))}}})
	if err != nil {
		t.Fatal(err)
	}
	d, warnings := directory.New(set, directory.Options{
		Codecs: codecs(), RTPTimeout: time.Minute, Realm: "asterisk", Emergency: []string{"112"},
		Calls: directory.PhoneCalls{PerMinute: 2, Of: map[string]int{"1002": 3, "1003": 0, "ghost": 1}, File: "skybridge.yaml", Line: 7},
	})
	var told []string
	for _, w := range warnings {
		if w.File == "skybridge.yaml" && w.Line == 7 {
			told = append(told, w.Text)
		}
	}
	if len(told) != 1 || told[0] != "phone_calls: ghost is no phone" {
		t.Errorf("warnings %q", told)
	}
	if err := r.tech.Configure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for _, user := range []struct {
		name  string
		limit int
	}{{"1001", 2}, {"1002", 3}} {
		p := r.phone(user.name)
		for range user.limit {
			if got := r.taken(r.call(p, "600")); got != user.name {
				t.Fatalf("%s's call: %s", user.name, got)
			}
		}
		for range 2 {
			leg := r.call(p, "600")
			f := siptest.Wait(t, leg.Failed)
			after, err := strconv.Atoi(f.Response.Header("Retry-After"))
			if f.Response.Status() != 480 || err != nil || after < 1 || after > 60 {
				t.Errorf("%s's call too many: %d, Retry-After %q", user.name, f.Response.Status(), f.Response.Header("Retry-After"))
			}
		}
		if got := r.taken(r.call(p, "112")); got != user.name {
			t.Errorf("%s's emergency call: %s", user.name, got)
		}
		if !strings.Contains(r.house.Log.String(), user.name+" has begun "+strconv.Itoa(user.limit)+" calls within a minute") {
			t.Errorf("the log does not tell of %s", user.name)
		}
	}
	p := r.phone("1003")
	for range 5 {
		if got := r.taken(r.call(p, "600")); got != "1003" {
			t.Fatalf("a call of who has no limit: %s", got)
		}
	}
}
