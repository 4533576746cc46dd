package sip_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/siptest/torture"
)

// tortureSections are the sections of RFC 4475 and RFC 5118 that have messages, with these
// in the order of their subsections, or all that a section has.
var tortureSections = []struct {
	rfc, section string
	subsections  bool // each message has one of its own, counted from 1
	messages     []string
}{
	{"4475", "3.1.1", true, []string{
		"wsinv", "intmeth", "esc01", "escnull", "esc02", "lwsdisp", "longreq", "dblreq", "semiuri", "transports", "mpart01", "unreason", "noreason",
	}},
	{"4475", "3.1.2", true, []string{
		"badinv01", "clerr", "ncl", "scalar02", "scalarlg", "quotbal", "ltgtruri", "lwsruri", "lwsstart", "trws", "escruri", "baddate",
		"regbadct", "badaspec", "baddn", "badvers", "mismatch01", "mismatch02", "bigcode",
	}},
	{"4475", "3.2", true, []string{"badbranch"}},
	{"4475", "3.3", true, []string{
		"insuf", "unkscm", "novelsc", "unksm2", "bext01", "invut", "regaut01", "multi01", "mcl01", "bcast", "zeromf", "cparam01", "cparam02",
		"regescrt", "sdp01",
	}},
	{"4475", "3.4", true, []string{"inv2543"}},
	{"5118", "4.1", false, []string{"ipv6-good"}},
	{"5118", "4.2", false, []string{"ipv6-bad"}},
	{"5118", "4.3", false, []string{"port-ambiguous"}},
	{"5118", "4.4", false, []string{"port-unambiguous"}},
	{"5118", "4.5", false, []string{"via-received-param-with-delim", "via-received-param-no-delim"}},
	{"5118", "4.6", false, []string{"ipv6-in-sdp"}},
	{"5118", "4.7", false, []string{"mult-ip-in-header"}},
	{"5118", "4.8", false, []string{"mult-ip-in-sdp"}},
	{"5118", "4.9", false, []string{"ipv4-mapped-ipv6"}},
	{"5118", "4.10", false, []string{"ipv6-bug-abnf-3-colons", "ipv6-correct-abnf-2-colons"}},
}

// TestTortureIsComplete wants every message of both RFCs to be there, with what it must get,
// and no other.
func TestTortureIsComplete(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(tortureDir, "*.sip"))
	if err != nil {
		t.Fatal(err)
	}
	var there, expected []string
	for _, f := range files {
		there = append(there, strings.TrimSuffix(filepath.Base(f), ".sip"))
	}
	for _, c := range torture.Cases(t, tortureDir) {
		expected = append(expected, c.Name)
	}
	left := slices.Clone(there)
	for _, s := range tortureSections {
		for i, name := range s.messages {
			section := s.section
			if s.subsections {
				section += "." + strconv.Itoa(i+1)
			}
			if !slices.Contains(there, name) {
				t.Errorf("RFC %s section %s: no %s.sip", s.rfc, section, name)
			}
			if !slices.Contains(expected, name) {
				t.Errorf("RFC %s section %s: expect.txt has no %s", s.rfc, section, name)
			}
			left = slices.DeleteFunc(left, func(n string) bool { return n == name })
		}
	}
	if len(left) != 0 || len(expected) != len(there) {
		t.Errorf("of no section: %q; %d messages, %d lines in expect.txt", left, len(there), len(expected))
	}
}
