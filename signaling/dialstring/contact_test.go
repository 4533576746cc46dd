package dialstring

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const token = "0123456789abcdef"

var contacts = []struct {
	text   string
	want   Contact // zero for what names no contact
	number string
	phone  string
}{
	{"PJSIP/100/contact-" + token, Contact{Endpoint: "100", Token: token}, "100", "100"},
	{"PJSIP/100/contact-" + token + "/200", Contact{Endpoint: "100", Token: token, User: "200"}, "200", "100"},
	{"PJSIP/100/contact-" + token + "/", Contact{}, "", "100/contact-" + token + "/"},
	{"PJSIP/100/contact-" + token + "/1/2", Contact{}, "2", "100/contact-" + token + "/1/2"},
	{"PJSIP/100/contact-" + token + "@trunk", Contact{}, "100/contact-" + token, "100/contact-" + token + "@trunk"},
	{"PJSIP/100/contact-0123456789ABCDEF", Contact{}, "contact-0123456789ABCDEF", "100/contact-0123456789ABCDEF"},
	{"PJSIP/100/contact-0123", Contact{}, "contact-0123", "100/contact-0123"},
	{"PJSIP/contact-" + token, Contact{}, "contact-" + token, "contact-" + token},
	{"PJSIP/100", Contact{}, "100", "100"},
}

func TestContact(t *testing.T) {
	for _, ca := range contacts {
		target, err := Parse(ca.text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := target.Contact()
		if got != ca.want || ok != (ca.want != Contact{}) || target.Number() != ca.number || target.Phone() != ca.phone {
			t.Errorf("%s is %+v, %v, number %s, phone %s", ca.text, got, ok, target.Number(), target.Phone())
		}
		if !ok {
			continue
		}
		if again, err := got.Target(); err != nil || again != target {
			t.Errorf("%+v is named %s, %v", got, again, err)
		}
	}
	for _, c := range []Contact{
		{Endpoint: "1 0", Token: token}, {Endpoint: "a/b", Token: token}, {Endpoint: "100", Token: token, User: "200@trunk"},
		{Endpoint: "100", Token: token, User: "1&PJSIP"}, {Endpoint: "100", Token: token, User: "1;lr"}, {Endpoint: "100", Token: "x"}, {Token: token},
	} {
		if target, err := c.Target(); fault.Of(err) != fault.Invalid || err == nil {
			t.Errorf("%+v is named %s, %v", c, target, err)
		}
	}
}

func TestParseList(t *testing.T) {
	one, two := "PJSIP/100/contact-"+token, "PJSIP/100/contact-fedcba9876543210"
	for _, ca := range []struct {
		list  string
		n     int // -1 for a list that is none
		phone string
	}{
		{"", 0, ""}, {" & ", 0, ""}, {"PJSIP/1", 1, "1"}, {"PJSIP/1& &PJSIP/2", 2, ""}, {one, 1, "100"}, {one + "&" + two, 2, "100"},
		{one + "&PJSIP/100", 2, ""}, {one + "&PJSIP/200/contact-" + token, 2, ""}, {one + "&SIP/100/contact-" + token, 2, ""},
		{"PJSIP/1&1", -1, ""}, {"PJSIP/1&PJSIP/1;lr", -1, ""},
	} {
		got, err := ParseList(ca.list)
		if (err != nil) != (ca.n < 0) || err == nil && len(got) != ca.n {
			t.Errorf("%q is %v, %v", ca.list, got, err)
		}
		if phone, ok := OnePhone(got); ok != (ca.phone != "") || phone.Phone() != ca.phone {
			t.Errorf("%q is of the phone %s, %v", ca.list, phone, ok)
		}
	}
}
