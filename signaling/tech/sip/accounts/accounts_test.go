package accounts

import (
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
)

// An extension of the API is an endpoint that is challenged as all others are, and the files'
// own stay as they were.
func TestAdd(t *testing.T) {
	file := endpoint.New("Desk")
	file.AORs = []string{"shared"}
	set := &endpoint.Set{Endpoints: []endpoint.Endpoint{file}, AORs: []endpoint.AOR{endpoint.NewAOR("shared")}}
	plain, full := store.Extension{Number: "2001"}, store.Extension{
		Number: "2002", CallerID: `"Ana" <0123>`, Codecs: []string{"alaw"}, Context: "sales", MaxContacts: 2,
	}
	Hash(&plain, "house", "secret")
	Hash(&full, "another", "secret")
	rows := []store.Extension{plain, full, {Number: "desk"}, {Number: "shared"}}
	out, warnings := Add(set, rows)
	if len(set.Endpoints) != 1 || len(set.AORs) != 1 {
		t.Error("the files' set has changed")
	}
	if len(out.Endpoints) != 3 || len(out.AORs) != 3 || len(warnings) != 2 || !strings.Contains(warnings[0].String(), "desk") {
		t.Fatalf("%d endpoints, %v", len(out.Endpoints), warnings)
	}
	first, second := out.Endpoint("2001"), out.Endpoint("2002")
	if first.Context != Context || first.CallerNumber != "2001" || !slices.Equal(first.Codecs, Codecs()) || out.AOR("2001").MaxContacts != MaxContacts {
		t.Errorf("%+v", first)
	}
	if second.Context != "sales" || second.CallerName != "Ana" || second.CallerNumber != "0123" || out.AOR("2002").MaxContacts != 2 ||
		!slices.Equal(second.Codecs, []string{"alaw"}) {
		t.Errorf("%+v", second)
	}

	d, _ := directory.New(out, directory.Options{Realm: "house", Algorithms: []digest.Algorithm{digest.SHA256, digest.MD5}})
	if err := d.Index(nil); err != nil {
		t.Fatal(err)
	}
	e := d.Endpoint("2001")
	if e.Believed() || e.Space.Realm != "" || e.Space.Algorithms != nil || e.Credentials[0].HA1[digest.MD5] != digest.MD5.HA1("2001", "house", "secret") {
		t.Errorf("challenged for %+v by %+v", e.Space, e.Credentials)
	}
	if s := d.Endpoint("2002").Space; s.Realm != "another" {
		t.Errorf("a password of another realm is asked for %+v", s)
	}
	// Without a hash nobody can be it.
	none, _ := Add(set, []store.Extension{{Number: "2003"}})
	d, _ = directory.New(none, directory.Options{Realm: "house"})
	if e := d.Endpoints[1]; e.Believed() {
		t.Errorf("an extension without a password is believed: %+v", e)
	}
}
