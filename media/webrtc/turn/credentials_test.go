package turn

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// odd are names of users that have broken parsers of user names elsewhere.
var odd = []string{
	"alice", "alice@example.org", "a:b:c", ":", "::1", "1763800000:alice", "%", "%3a", "a b", "é", "e\u0301", "名前", "\x00", "\xff\xfe", "a\r\nb",
	`"`, "", strings.Repeat("x", 400), strings.Repeat("x", 401), strings.Repeat("é", 300), "urn:user:42?x=1&y=2",
}

func TestEveryUserHasCredentials(t *testing.T) {
	c := credentials{secret: []byte("0123456789abcdef"), lifetime: time.Hour}
	now := time.Unix(1_763_800_000, 0)
	seen := make(map[string]string)
	for _, user := range odd {
		name, password := c.issue(user, now)
		if len(name) > 508 {
			t.Errorf("%q: %d bytes of user name", user, len(name))
		}
		text, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(text, &back); err != nil || back != name {
			t.Errorf("%q: %q becomes %q in JSON", user, name, back)
		}
		id, key, ok := c.check(back, "realm", false, now)
		if !ok || len(key) != 16 || password == "" {
			t.Errorf("%q: refused as %q", user, name)
		}
		if other, twice := seen[id]; twice {
			t.Errorf("%q and %q are one user, %q", user, other, id)
		}
		seen[id] = user
	}
	if name, _ := c.issue("a:b", now); name != "1763803600:a:b" {
		t.Errorf("plain names change: %q", name)
	}
}

func TestCredentialsEnd(t *testing.T) {
	c := credentials{secret: []byte("0123456789abcdef"), lifetime: time.Hour}
	now := time.Unix(1_763_800_000, 0)
	name, _ := c.issue("alice", now)
	for _, ca := range []struct {
		name     string
		standing bool
		after    time.Duration
		ok       bool
	}{
		{name, false, 0, true},
		{name, false, time.Hour - time.Second, true},
		{name, false, time.Hour, false},
		{name, true, time.Hour, true},
		{name, true, 2*time.Hour - time.Second, true},
		{name, true, 2 * time.Hour, false},
		{"alice", false, 0, false},
		{"", false, 0, false},
		{"1763803600", false, 0, false},
		{"1763803600:", false, 0, false},
		{"x:alice", false, 0, false},
		{":alice", false, 0, false},
		{"-1:alice", false, 0, false},
		{"9999999999999999999999:alice", false, 0, false},
	} {
		if _, _, ok := c.check(ca.name, "realm", ca.standing, now.Add(ca.after)); ok != ca.ok {
			t.Errorf("%+v: %v", ca, ok)
		}
	}
}
