package auth

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		uri, target string
		want        bool
	}{
		{"sip:pbx.example", "sip:pbx.example", true},
		{"SIP:PBX.example", "sip:pbx.example", true},
		{"sip:pbx.example;transport=tcp", "sip:pbx.example", true},
		{"sip:pbx.example", "sip:pbx.example;transport=tcp;lr", true},
		{"sip:pbx.example:5060", "sip:pbx.example", true},
		{"sip:pbx.example", "sip:1002@pbx.example:5060", true},
		{"sip:1002@pbx.example", "sip:1002@pbx.example", true},
		{"sip:%31002@pbx.example", "sip:1002@pbx.example", true},
		{"sip:1003@pbx.example", "sip:1002@pbx.example", false},
		{"sip:1003@pbx.example", "sip:pbx.example", false},
		{"sip:Ana@pbx.example", "sip:ana@pbx.example", false},
		{"sip:pbx.example:5061", "sip:pbx.example:5060", false},
		{"sip:pbx2.example", "sip:pbx.example", false},
		{"sips:pbx.example", "sip:pbx.example", false},
		{"tel:+33", "sip:pbx.example", false},
		{"pbx.example", "sip:pbx.example", false},
		{"", "sip:pbx.example", false},
		{"*", "sip:pbx.example", false},
	} {
		target, err := message.ParseURI(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := covers(tt.uri, target); got != tt.want {
			t.Errorf("covers(%q, %q) = %v", tt.uri, tt.target, got)
		}
	}
}
