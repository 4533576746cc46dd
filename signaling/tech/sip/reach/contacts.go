package reach

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/instance"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// tokens makes the names of contacts in dial strings. They tell nothing of the contact, hold
// for its endpoint alone, and nobody can make one: the key is new with every start.
type tokens struct {
	once sync.Once
	key  [32]byte
}

func (t *tokens) of(e *directory.Endpoint, b *registrar.Binding) string {
	t.once.Do(func() { rand.Read(t.key[:]) }) //nolint:errcheck // never fails
	kind := "registered"
	if b.Static {
		kind = "static"
	}
	m := hmac.New(sha256.New, t.key[:])
	m.Write([]byte(strings.Join([]string{strings.ToLower(e.Name), b.AOR, kind, b.Key}, "\x00")))
	return hex.EncodeToString(m.Sum(nil))[:dialstring.TokenDigits]
}

// Contacts are the dial strings that ring every phone of an endpoint, those that are known
// to be away left out, by q: its contacts at one address of record, or at all for "",
// asked for a user where one is given. A trunk is one, since calls to it choose their way by
// themselves, and a call to one phone of the endpoint (GRUU), which its variables tell,
// has that one. The error is of kind fault.NotFound for an endpoint or an address that it
// does not have, fault.Invalid for a user that cannot be dialled.
func (f *Finder) Contacts(endpoint, aor, user string, vars []dialplan.Variable) ([]dialstring.Target, error) {
	e := f.Directory().Endpoint(endpoint)
	if e == nil {
		return nil, fault.New(fault.NotFound, "no endpoint %.64q", endpoint)
	}
	aors := e.AORs
	if aor != "" {
		if !slices.Contains(aors, aor) {
			return nil, fault.New(fault.NotFound, "%s has no address of record %.64q", e.Name, aor)
		}
		aors = []string{aor}
	}
	if f.Table.Has(e.Name) {
		return f.asTrunk(e, aors, user)
	}
	bindings := f.phones(aors)
	if b, chosen, err := instance.Contact(f.Registrar, aors, vars); chosen {
		if err != nil {
			return nil, nil //nolint:nilerr // that phone is not there: nobody to name
		}
		bindings = []registrar.Binding{b}
	}
	out := make([]dialstring.Target, 0, len(bindings))
	for i := range bindings {
		t, err := dialstring.Contact{Endpoint: e.Name, Token: f.tokens.of(e, &bindings[i]), User: user}.Target()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// asTrunk is a trunk as it is dialled, if one of its addresses is not known to be away.
func (f *Finder) asTrunk(e *directory.Endpoint, aors []string, user string) ([]dialstring.Target, error) {
	if len(f.phones(aors)) == 0 {
		return nil, nil
	}
	resource := e.Name
	if user != "" {
		resource = user + "@" + e.Name
	}
	t, err := dialstring.Parse("PJSIP/" + resource)
	if err != nil {
		return nil, err
	}
	return []dialstring.Target{t}, nil
}

// phones are the contacts that are not known to be away, one of each phone: one that keeps
// several connections is not to be called over all (RFC 5626 §5.3), and the address that a
// phone had before it started anew leads nowhere.
func (f *Finder) phones(aors []string) []registrar.Binding {
	var out []registrar.Binding
	for _, aor := range aors {
		for _, b := range f.Registrar.Lookup(aor) {
			if b.Status == qualify.Unavail {
				continue
			}
			i := slices.IndexFunc(out, func(o registrar.Binding) bool {
				return b.Instance != "" && o.Instance == b.Instance && o.AOR == b.AOR
			})
			switch {
			case i < 0:
				out = append(out, b)
			case better(&b, &out[i]):
				out[i] = b
			}
		}
	}
	return out
}

// Named is the contact that a dial string's resource names, and its endpoint; named tells
// whether it has the form of one. The error is of kind fault.NotFound for a token that is
// not of the endpoint or of no contact that it has any more.
func (f *Finder) Named(resource string) (e *directory.Endpoint, b *registrar.Binding, user string, named bool, err error) {
	c, named := dialstring.Target{Resource: resource}.Contact()
	if !named {
		return nil, nil, "", false, nil
	}
	if e = f.Directory().Endpoint(c.Endpoint); e != nil && !f.Table.Has(e.Name) {
		for _, b := range f.bindings(e) {
			if hmac.Equal([]byte(f.tokens.of(e, &b)), []byte(c.Token)) {
				return e, &b, c.User, true, nil
			}
		}
	}
	return nil, nil, "", true, fault.New(fault.NotFound, "no such contact of %.64q", c.Endpoint)
}

// Choose is the contact of an endpoint that a call rings: the one that was dialled, the
// phone that the call is for (GRUU), else the best.
func (f *Finder) Choose(e *directory.Endpoint, dialled *registrar.Binding, vars []dialplan.Variable) (registrar.Binding, error) {
	if dialled != nil {
		return *dialled, nil
	}
	if b, chosen, err := instance.Contact(f.Registrar, e.AORs, vars); chosen {
		return b, err
	}
	return f.Contact(e)
}

// better tells which of two contacts is to be rung: by q, then the one that registered
// last, since a phone that starts again leaves its old address behind.
func better(a, b *registrar.Binding) bool {
	return a.Q > b.Q || a.Q == b.Q && a.Updated.After(b.Updated)
}
