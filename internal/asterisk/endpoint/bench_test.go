package endpoint

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// BenchmarkLoad reads a pjsip.conf of 10,000 phones, 30,000 sections.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	text.WriteString("[e](!)\ntype=endpoint\ncontext=internal\ndisallow=all\nallow=opus,alaw,ulaw\nrtp_symmetric=yes\n" +
		"[u](!)\ntype=auth\nauth_type=userpass\n[a](!)\ntype=aor\nmax_contacts=2\n")
	for i := range 10_000 {
		n := 100_000 + i
		fmt.Fprintf(&text, "[%d](e)\nauth=%d\naors=%d\n[%d](u)\nusername=%d\npassword=x\n[%d](a)\n", n, n, n, n, n, n)
	}
	from := asterisk.Loader{FS: fstest.MapFS{"pjsip.conf": {Data: []byte(text.String())}}}
	b.ReportAllocs()
	for b.Loop() {
		set, err := Load(from)
		if err != nil || len(set.Endpoints) != 10_000 || len(set.Warnings) != 0 {
			b.Fatal(err, len(set.Endpoints), set.Warnings)
		}
	}
}
