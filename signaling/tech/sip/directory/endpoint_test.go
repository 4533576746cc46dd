package directory

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
)

func TestACL(t *testing.T) {
	rule := func(permit bool, p string) Rule { return Rule{permit, netip.MustParsePrefix(p)} }
	list := ACL{rule(false, "0.0.0.0/0"), rule(true, "10.0.0.0/8"), rule(false, "10.1.0.0/16"), rule(true, "::1/128")}
	for addr, want := range map[string]bool{
		"10.2.3.4": true, "10.1.3.4": false, "192.0.2.1": false, "::ffff:10.2.3.4": true, "::1": true, "2001:db8::1": true, "fe80::1%eth0": true,
	} {
		if got := list.Permits(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	if !ACL(nil).Permits(netip.MustParseAddr("192.0.2.1")) {
		t.Error("no rules deny")
	}
}

func TestCodecsFor(t *testing.T) {
	all := codecs() // g722, ulaw, alaw
	e := Endpoint{Codecs: all[:2]}
	for _, tc := range []struct{ prefer, want string }{{"", "g722,ulaw"}, {"g722", "g722,ulaw"}, {"ulaw", "ulaw,g722"}, {"alaw", "g722,ulaw"}} {
		var names []string
		for _, c := range e.CodecsFor(all.ByConfName(tc.prefer)) {
			names = append(names, c.ConfName)
		}
		if got := strings.Join(names, ","); got != tc.want {
			t.Errorf("prefer %q: %s, want %s", tc.prefer, got, tc.want)
		}
	}
	if e.Codecs[0] != all[0] {
		t.Error("the endpoint's own list has changed")
	}
}

func codecs() media.Codecs { return media.Codecs{g722.Codec(), g711.MuLaw(), g711.ALaw()} }

// readDirectory is that of a file, with what it is warned of.
func readDirectory(t *testing.T, file, text string) (*Directory, []asterisk.Warning) {
	t.Helper()
	set, err := endpoint.Load(asterisk.Loader{FS: fstest.MapFS{file: {Data: []byte(text)}}})
	if err != nil {
		t.Fatal(err)
	}
	return New(set, Options{Codecs: codecs(), RTPTimeout: time.Minute})
}
