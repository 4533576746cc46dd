package gruu

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const instance = "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"

func maker(t testing.TB, secret string) *Maker {
	t.Helper()
	m, err := New([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func uri(t testing.TB, text string) message.URI {
	t.Helper()
	u, err := message.ParseURI(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPublic(t *testing.T) {
	got := Public(uri(t, "sip:callee@example.com:5070;transport=tcp?x=y"), instance)
	if want := "sip:callee@example.com:5070;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"; got.String() != want {
		t.Errorf("%s, want %s", got, want)
	}
	if ref, ok := maker(t, "s").Read(uri(t, got.String())); !ok || ref != (Ref{AOR: "callee", Instance: instance}) {
		t.Errorf("%+v, %v", ref, ok)
	}
}

func TestTemporary(t *testing.T) {
	m := maker(t, "secret")
	aor := uri(t, "sip:callee@example.com")
	one, two := m.Temporary(aor, instance, "call"), m.Temporary(aor, instance, "call")
	if one.User == two.User || strings.Contains(one.String(), "callee") || one.Host != "example.com" {
		t.Errorf("%s, %s", one, two)
	}
	want := Ref{"callee", instance, "call"}
	for _, u := range []message.URI{one, two} {
		if got, ok := maker(t, "secret").Read(uri(t, u.String())); !ok || got != want {
			t.Errorf("%s: %+v, %v", u, got, ok)
		}
		if _, ok := maker(t, "another").Read(u); ok {
			t.Error("read with another secret")
		}
	}
	if u := m.Temporary(aor, strings.Repeat("x", maxBytes), "call"); !u.IsZero() {
		t.Errorf("one of what is too long: %s", u)
	}
}

func TestNoGRUU(t *testing.T) {
	m := maker(t, "secret")
	for _, text := range []string{
		"sip:a@b", "sip:a@b;gr", "sip:b;gr=urn:1", "sip:tgruu.@b;gr", "sip:tgruu.AAAA@b;gr", "sip:tgruu.!!@b;gr",
		"sip:tgruu." + strings.Repeat("A", 200) + "@b;gr", "tel:+49;gr",
	} {
		if ref, ok := m.Read(uri(t, text)); ok {
			t.Errorf("%s is %+v", text, ref)
		}
	}
}

func FuzzRead(f *testing.F) {
	m := maker(f, "secret")
	f.Add(m.Temporary(message.URI{Scheme: "sip", User: "a", Host: "b"}, instance, "c").User)
	f.Fuzz(func(t *testing.T, user string) {
		m.Read(message.URI{Scheme: "sip", User: user, Host: "b", Params: message.Params{{Name: "gr"}}})
	})
}
