package redirection

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// lists are Contact headers, the URIs that are left of them in order, and the extension of a
// phone 1002 that may dial all but 9 and what begins with it.
var lists = []struct{ name, header, uris, exten string }{
	{"one", "<sip:1003@h>", "sip:1003@h", "1003"},
	{"by q", "<sip:1@h>;q=0.1, <sip:2@h>;q=0.9, <sip:3@h>;q=0.5", "sip:2@h sip:3@h sip:1@h", "2"},
	{"without q it is the best", "<sip:1@h>;q=0.9, <sip:2@h>, <sip:3@h>;q=1.0", "sip:2@h sip:3@h sip:1@h", "2"},
	{"a q that is none", "<sip:1@h>;q=0.9, <sip:2@h>;q=7, <sip:3@h>;q=NaN, <sip:4@h>;q=-1", "sip:2@h sip:3@h sip:4@h sip:1@h", "2"},
	{"expired", "<sip:1@h>;expires=0, <sip:2@h>;expires=00, <sip:3@h>;expires=60;q=0.1, <sip:4@h>;expires=x;q=0.05", "sip:3@h sip:4@h", "3"},
	{"other schemes", "<mailto:a@h>, <http://h/1>, <tel:+49-30.1(2)3>, <sips:4@h>;q=0.1", "tel:+49-30.1(2)3 sips:4@h", "+493012" + "3"},
	{"star", "*", "", ""},
	{"twice", "<sip:1@h>, <sip:1@h>;q=0.2", "sip:1@h", "1"},
	{"itself", "<sip:1002@h>, <SIP:1002@other>;q=0.5, <sip:5@h>;q=0.1", "sip:1002@h sip:1002@other sip:5@h", "5"},
	{"what it may not dial", "<sip:9@h>, <sip:90@h>", "sip:9@h sip:90@h", ""},
	{"no user", "<sip:h>, <sip:5@h>", "sip:h sip:5@h", "5"},
	{"escaped, and nothing but a number", "<sip:%2a21%2320@h>", "sip:*21%2320@h", "*21#20"},
	{"a second destination", "<sip:5&PJSIP/6@h>", "sip:5&PJSIP/6@h", ""},
	{"a trunk", "<sip:5%40trunk@h>, <sip:trunk/5@h>", "sip:5%40trunk@h sip:trunk/5@h", ""},
	{"options", "<sip:5,30,g@h>", "sip:5,30,g@h", ""},
	{"parameters of a user", "<sip:5;ext=1@h>", "sip:5;ext=1@h", ""},
	{"a variable", "<sip:$%7bEXTEN%7d@h>", "sip:$%7BEXTEN%7D@h", ""},
	{"a line end", "<sip:5%0d%0aX@h>", "sip:5%0D%0AX@h", ""},
	{"too long", "<sip:" + strings.Repeat("5", 41) + "@h>", "sip:" + strings.Repeat("5", 41) + "@h", ""},
	{
		"more than anybody reads", "<sip:0@h>, <sip:1@h>, <sip:2@h>, <sip:3@h>, <sip:4@h>, <sip:5@h>, <sip:6@h>, <sip:7@h>, <sip:8@h>, <sip:10@h>, <sip:11@h>, <sip:12@h>;q=0",
		"sip:0@h sip:1@h sip:2@h sip:3@h sip:4@h sip:5@h sip:6@h sip:7@h sip:8@h sip:10@h", "0",
	},
}

func may(user string) (string, bool) { return user, !strings.HasPrefix(user, "9") }

func TestContacts(t *testing.T) {
	for _, ca := range lists {
		t.Run(ca.name, func(t *testing.T) {
			list, err := message.ParseAddressList(ca.header)
			if err != nil {
				t.Fatal(err)
			}
			var uris []string
			for _, u := range Contacts(list) {
				uris = append(uris, u.String())
			}
			if got := strings.Join(uris, " "); got != ca.uris {
				t.Errorf("contacts %s, want %s", got, ca.uris)
			}
			if got := Extension(list, "1002", may); got != ca.exten {
				t.Errorf("extension %q, want %q", got, ca.exten)
			}
		})
	}
}

func TestContext(t *testing.T) {
	for _, ca := range []struct {
		name, value, want string
	}{
		{"__FORWARD_CONTEXT", "out", "out"}, {"FORWARD_CONTEXT", "out", "out"}, {"FORWARD_CONTEXT", "", "own"}, {"OTHER", "out", "own"},
	} {
		if got := Context([]dialplan.Variable{{Name: "A", Value: "b"}, {Name: ca.name, Value: ca.value}}, "own"); got != ca.want {
			t.Errorf("%s=%s: %s, want %s", ca.name, ca.value, got, ca.want)
		}
	}
}

// Whatever a party writes, an extension is one, and a trunk's target is at the trunk.
func FuzzContacts(f *testing.F) {
	for _, ca := range lists {
		f.Add(ca.header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		list, err := message.ParseAddressList(header)
		if err != nil {
			return
		}
		if exten := Extension(list, "1002", may); exten != "" && !dialstring.IsExtension(exten) {
			t.Errorf("%q is an extension", exten)
		}
		var targets Targets
		targets.Add(asked, list, own)
		for n := 0; ; n++ {
			u, ok := targets.Next()
			if !ok {
				break
			}
			if !own(u.Host) || len(u.Headers) > 0 || u.Password != "" || n > MaxTargets {
				t.Errorf("target %d is %s", n, u)
			}
			if again, err := message.ParseURI(u.String()); err != nil || again.Host != u.Host {
				t.Errorf("%s is read as %s, %v", u, again, err)
			}
		}
	})
}
