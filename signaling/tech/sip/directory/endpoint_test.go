package directory

import (
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
