package redirection

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

var asked = message.URI{Scheme: "sip", User: "0123", Host: "carrier.example", Port: 5062}

func own(host string) bool { return strings.HasSuffix(host, "carrier.example") }

func TestTargets(t *testing.T) {
	for _, ca := range []struct{ name, header, want string }{
		{"another host of it", "<sip:0123@b.carrier.example:5080;transport=TCP>", "sip:0123@b.carrier.example:5080;transport=tcp"},
		{"by q", "<sip:1@a.carrier.example>;q=0.1, <sip:2@a.carrier.example>;q=0.2", "sip:2@a.carrier.example sip:1@a.carrier.example"},
		{"another number", "<sip:0456@carrier.example;user=phone>", "sip:0456@carrier.example;user=phone"},
		{"a routing number", "<sip:+1215;npdi=yes;rn=+1216@carrier.example>", "sip:+1215;npdi=yes;rn=+1216@carrier.example"},
		{"a number alone", "<tel:+49-30-1>", "sip:+49301@carrier.example:5062"},
		{"another's host", "<sip:0123@elsewhere.example>, <sip:1@carrier.example>;q=0.1", "1 foreign, sip:1@carrier.example"},
		{"headers, a password, parameters", "<sip:1:secret@carrier.example;maddr=elsewhere.example;lr;transport=ws?Replaces=x>", "sip:1@carrier.example"},
		{"what was asked", "<sip:0123@carrier.example:5062>", ""},
		{"no user", "<sip:carrier.example>", "1 foreign"},
		{"more than a number", "<sip:1%40x@carrier.example>, <sip:1&2@carrier.example>", "2 foreign"},
		{"nobody", "<mailto:a@carrier.example>", ""},
	} {
		t.Run(ca.name, func(t *testing.T) {
			list, err := message.ParseAddressList(ca.header)
			if err != nil {
				t.Fatal(err)
			}
			var targets Targets
			var got []string
			if n := targets.Add(asked, list, own); n > 0 {
				got = append(got, fmt.Sprintf("%d foreign", n))
			}
			if rest := all(&targets); rest != "" {
				got = append(got, rest)
			}
			if text := strings.Join(got, ", "); text != ca.want {
				t.Errorf("%s, want %s", text, ca.want)
			}
		})
	}
}

func all(t *Targets) string {
	var list []string
	for u, ok := t.Next(); ok; u, ok = t.Next() {
		list = append(list, u.String())
	}
	return strings.Join(list, " ")
}

// What is asked over TLS is not sent elsewhere in the clear.
func TestTargetsAreNoLessSafe(t *testing.T) {
	list, err := message.ParseAddressList("<sip:1@carrier.example;transport=tcp>, <sip:2@carrier.example;transport=tls>, <sip:3@carrier.example>, <sips:4@carrier.example;transport=tcp>, <tel:5>")
	if err != nil {
		t.Fatal(err)
	}
	over := asked
	over.Params = over.Params.With("transport", "tls")
	var targets Targets
	targets.Add(over, list, own)
	if got, want := all(&targets), "sip:2@carrier.example;transport=tls sip:3@carrier.example;transport=tls sips:4@carrier.example;transport=tcp sip:5@carrier.example:5062;transport=tls"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Who is asked answers before those who wait, and nobody is asked twice nor for ever.
func TestTargetsOfTargets(t *testing.T) {
	var targets Targets
	add := func(of, users string) {
		var list []message.Address
		for _, u := range strings.Fields(users) {
			list = append(list, message.Address{URI: message.URI{Scheme: "sip", User: u, Host: "carrier.example"}})
		}
		targets.Add(message.URI{Scheme: "sip", User: of, Host: "carrier.example"}, list, own)
	}
	add("0", "1 2")
	first, _ := targets.Next()
	add(first.User, "3 0 1 2")
	if got := all(&targets); got != "sip:3@carrier.example sip:2@carrier.example" {
		t.Errorf("then %s", got)
	}
	n := 0
	for i := 0; i < 100; i++ {
		add(fmt.Sprint(100+i), fmt.Sprint(101+i))
		if all(&targets) != "" {
			n++
		}
	}
	if n == 0 || n > MaxTargets {
		t.Errorf("%d further", n)
	}
}
