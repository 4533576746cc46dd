package endpoint

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// TestFamilyIsAutomatic: who asks for IPv6, or does not want it, is not warned; only who
// says neither is.
func TestFamilyIsAutomatic(t *testing.T) {
	const text = "[1001]\ntype = endpoint\nallow = ulaw\nrtp_ipv6 = yes\nt38_udptl_ipv6 = no\nrtp_ipv6 = perhaps\n"
	set, err := Load(asterisk.Loader{FS: fstest.MapFS{"pjsip.conf": {Data: []byte(text)}}})
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, w := range set.Warnings {
		if w.Line > 1 { // of the options
			lines = append(lines, w.Line)
		}
	}
	if !slices.Equal(lines, []int{6}) {
		t.Errorf("warned of lines %v: %v", lines, set.Warnings)
	}
}
