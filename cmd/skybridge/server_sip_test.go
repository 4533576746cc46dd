package main

import (
	"strings"
	"testing"
)

// Everybody is known before a socket is open: names are looked up first.
func TestPhonesAreKnownBeforeTheyCanAsk(t *testing.T) {
	_, log := started(t, "asterisk_dir="+folder(t, map[string]string{
		"pjsip.conf": "[trunk]\ntype=endpoint\ncontext=internal\nallow=ulaw\n[trunk]\ntype=identify\nendpoint=trunk\nmatch=no..host\n",
	}))
	unknown := strings.Index(log.String(), "requests of a host are not known")
	open := strings.Index(log.String(), "for=sip")
	if unknown < 0 || open < unknown {
		t.Errorf("the listeners opened too early:\n%s", log)
	}
}
