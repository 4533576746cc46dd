// Package accounts makes endpoints and addresses of record of the extensions that the API
// has made, so that they are to all that follows as those of pjsip.conf are.
//
// It starts no goroutine.
package accounts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
)

// What an extension has that names nothing else.
const (
	Context     = "internal"
	MaxContacts = 5
)

// Codecs are those of an extension that names none.
func Codecs() []string { return []string{"opus", "g722", "ulaw", "alaw"} }

// Hash keeps of a password what a phone's is checked with, for one realm.
func Hash(e *store.Extension, realm, password string) {
	e.Realm = realm
	e.MD5 = digest.MD5.HA1(e.Number, realm, password)
	e.SHA256 = digest.SHA256.HA1(e.Number, realm, password)
}

// Add gives a set with the extensions added; the set itself stays as it is. One that has the
// name of an endpoint or of an address of record of the files, in any case, is left out, with
// a warning.
func Add(set *endpoint.Set, rows []store.Extension) (*endpoint.Set, []asterisk.Warning) {
	var warnings asterisk.Warnings
	out := *set
	out.Endpoints, out.AORs = slices.Clip(set.Endpoints), slices.Clip(set.AORs) // appending copies them
	taken := make(map[string]bool, len(set.Endpoints)+len(set.AORs))
	for i := range set.Endpoints {
		taken[strings.ToLower(set.Endpoints[i].Name)] = true
	}
	for i := range set.AORs {
		taken[strings.ToLower(set.AORs[i].Name)] = true
	}
	for i := range rows {
		row := &rows[i]
		if taken[strings.ToLower(row.Number)] {
			warnings.Add(asterisk.Warning{
				Text: fmt.Sprintf("extension %s was made by the API and stands in the files as well", row.Number),
				Here: "that of the files counts", Fix: "delete one of them",
			})
			continue
		}
		out.Endpoints, out.AORs = append(out.Endpoints, endpointOf(row)), append(out.AORs, aorOf(row))
	}
	return &out, warnings.List()
}

// endpointOf is as the phones of a fresh installation are.
func endpointOf(row *store.Extension) endpoint.Endpoint {
	e := endpoint.New(row.Number)
	e.Context = cmp.Or(row.Context, Context)
	if e.Codecs = row.Codecs; len(e.Codecs) == 0 {
		e.Codecs = Codecs()
	}
	e.CallerName, e.CallerNumber = asterisk.ParseCallerID(row.CallerID)
	e.CallerNumber = cmp.Or(e.CallerNumber, row.Number)
	e.AORs = []string{row.Number}
	e.DirectMedia, e.RTPSymmetric, e.ForceRport, e.RewriteContact = false, true, true, true
	auth := endpoint.Auth{Name: row.Number, Username: row.Number, Realm: row.Realm, NonceLifetime: 32 * time.Second}
	for _, h := range []endpoint.Digest{{Algorithm: "MD5", Hash: row.MD5}, {Algorithm: "SHA-256", Hash: row.SHA256}} {
		if h.Hash != "" {
			auth.Digests = append(auth.Digests, h)
		}
	}
	e.Auth = []endpoint.Auth{auth}
	return e
}

func aorOf(row *store.Extension) endpoint.AOR {
	a := endpoint.NewAOR(row.Number)
	a.MaxContacts, a.RemoveExisting = cmp.Or(row.MaxContacts, MaxContacts), true
	return a
}
