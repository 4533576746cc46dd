package endpoint

import (
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// TestDirectMedia reads how a party's audio may go past us, in the words of both files.
func TestDirectMedia(t *testing.T) {
	type direct struct {
		allowed       bool
		method, glare string
		notByNAT      bool
	}
	const phone = "type = endpoint\nallow = ulaw\n"
	for _, c := range []struct {
		file, options string
		want          direct
	}{
		{"pjsip.conf", phone, direct{true, "invite", "none", false}},
		{"pjsip.conf", phone + "direct_media = no\n", direct{false, "invite", "none", false}},
		{
			"pjsip.conf", phone + "direct_media_method = update\ndirect_media_glare_mitigation = outgoing\ndisable_direct_media_on_nat = yes\n",
			direct{true, "update", "outgoing", true},
		},
		{"sip.conf", "type = friend\nhost = dynamic\ndirectmedia = yes\n", direct{true, "invite", "none", false}},
		{"sip.conf", "type = friend\nhost = dynamic\ncanreinvite = nonat\n", direct{true, "invite", "none", true}},
		{"sip.conf", "type = friend\nhost = dynamic\ndirectmedia = update,nonat\n", direct{true, "update", "none", true}},
		{"sip.conf", "type = friend\nhost = dynamic\ndirectmedia = outgoing\n", direct{true, "invite", "incoming", false}},
		{"sip.conf", "type = friend\nhost = dynamic\ndirectmedia = no\n", direct{false, "invite", "none", false}},
	} {
		set, err := Load(asterisk.Loader{FS: fstest.MapFS{c.file: {Data: []byte("[1001]\n" + c.options)}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range set.Warnings {
			if w.Here != "" && w.Line > 3 {
				t.Errorf("%s: %v", c.options, w)
			}
		}
		e := set.Endpoints[0]
		if got := (direct{e.DirectMedia, e.DirectMethod, e.DirectGlare, e.DirectNotByNAT}); got != c.want {
			t.Errorf("%s:\n%+v, want %+v", c.options, got, c.want)
		}
	}
}
