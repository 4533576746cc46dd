package dialstring

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

var targets = []struct {
	text   string
	want   Target
	number string
}{
	{"PJSIP/1001", Target{Tech: "PJSIP", Resource: "1001"}, "1001"},
	{"sip/trunk/0123", Target{Tech: "sip", Resource: "trunk/0123"}, "0123"},
	{"PJSIP/0123@trunk", Target{Tech: "PJSIP", Resource: "0123@trunk"}, "0123"},
	{"WebRTC/ada.l_ove-lace", Target{Tech: "WebRTC", Resource: "ada.l_ove-lace"}, "ada.l_ove-lace"},
	{"SIP/*98#", Target{Tech: "SIP", Resource: "*98#"}, "*98#"},
	{"SIP/+33123", Target{Tech: "SIP", Resource: "+33123"}, "+33123"},
	{text: ""},
	{text: "1001"},
	{text: "/1001"},
	{text: "SIP/"},
	{text: "SIP/1&SIP/2"},
	{text: "SIP/1,30,g"},
	{text: "SIP/1\r\nX: y"},
	{text: "SIP/1;transport=tcp"},
	{text: "SIP/<sip:a>"},
	{text: "SIP/${EXTEN}"},
	{text: "S\rP/1"},
	{text: "SIP/é"},
	{text: "SIP/" + strings.Repeat("1", 300)},
}

func TestParse(t *testing.T) {
	for _, ca := range targets {
		got, err := Parse(ca.text)
		if ca.want == (Target{}) {
			if fault.Of(err) != fault.Invalid || err == nil {
				t.Errorf("%q gives %+v, %v", ca.text, got, err)
			}
			continue
		}
		if err != nil || got != ca.want || got.Number() != ca.number || got.String() != ca.text {
			t.Errorf("%q gives %+v, number %q, %v", ca.text, got, got.Number(), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, ca := range targets {
		f.Add(ca.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			if len(err.Error()) > 500 {
				t.Errorf("an error of %d characters", len(err.Error()))
			}
			return
		}
		if got.String() != text {
			t.Errorf("%q prints as %q", text, got)
		}
		if strings.ContainsAny(text, "&,;<>\"'${}()\r\n\t \x00:") {
			t.Errorf("%q is let through", text)
		}
		got.Number()
	})
}
