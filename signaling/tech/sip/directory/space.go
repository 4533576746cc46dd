package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// spaces are what callers are challenged for. A name has the same one whoever says it and
// wherever: a challenge that changed with another header would tell that the name is known.
type spaces struct {
	// among has an entry for each endpoint that is challenged, so that strangers are asked
	// for what is rare as seldom as those are whom we know; none where all are the server's.
	among []digest.Space
	names map[string]digest.Space // of endpoints and of users of credentials, in lower case
	aors  map[string]digest.Space // in lower case
}

// Space is what the sender of a request is challenged for: that of the name by which it is
// looked up, for a name that is nobody's that of somebody (digest.Authenticator.Disguise).
// Of a REGISTER the user of To alone decides. Who is told by more than a name has its own.
func (d *Directory) Space(e *Endpoint, req *message.Request, disguise func(string, []digest.Space) digest.Space) digest.Space {
	if len(d.spaces.among) == 0 {
		return digest.Space{}
	}
	if req.Method() == "REGISTER" {
		return d.spaces.of(req.To().URI.User, disguise, d.spaces.aors, d.spaces.names)
	}
	name := d.bare.cut(req.From().URI.User)
	if d.identifier.asks(byAuthUsername) {
		name = cmp.Or(authUser(req), name)
	}
	s := d.spaces.of(name, disguise, d.spaces.names)
	if e != nil && (e.Name == anonymousEndpoint || e.proves(name) || d.at(req, e)) {
		return e.Space
	}
	return s
}

// of is the space of a name in the first table that has it. The disguise is made for every
// name, so that those we know take no less time.
func (s *spaces) of(name string, disguise func(string, []digest.Space) digest.Space, tables ...map[string]digest.Space) digest.Space {
	out := disguise(name, s.among)
	name = strings.ToLower(name)
	for _, table := range tables {
		if known, ok := table[name]; ok {
			return known
		}
	}
	return out
}

// proves tells whether a name is the endpoint's or that of its credentials.
func (e *Endpoint) proves(name string) bool {
	return strings.EqualFold(e.Name, name) ||
		slices.ContainsFunc(e.Credentials, func(c digest.Credentials) bool { return c.Username == name })
}

// newSpaces are those of endpoints. Where several have an AOR, it is asked for the space of the
// first that has one of its own: who has a password can prove it there too.
func newSpaces(all []Endpoint) spaces {
	s := spaces{names: make(map[string]digest.Space), aors: make(map[string]digest.Space)}
	own := false
	for i := range all {
		e := &all[i]
		if e.Believed() {
			continue
		}
		s.among = append(s.among, e.Space)
		own = own || !same(e.Space, digest.Space{})
		for _, c := range e.Credentials {
			if name := strings.ToLower(c.Username); same(s.names[name], digest.Space{}) {
				s.names[name] = e.Space
			}
		}
		for _, aor := range e.AORs {
			if aor = strings.ToLower(aor); same(s.aors[aor], digest.Space{}) {
				s.aors[aor] = e.Space
			}
		}
	}
	if !own {
		return spaces{}
	}
	for i := range all { // before users of credentials, which may be anything
		if !all[i].Believed() {
			s.names[strings.ToLower(all[i].Name)] = all[i].Space
		}
	}
	// In an order that one more endpoint hardly changes: strangers whose challenge is another
	// after a reload would be told from those we know.
	slices.SortFunc(s.among, func(x, y digest.Space) int {
		return cmp.Or(cmp.Compare(x.Realm, y.Realm), slices.Compare(x.Algorithms, y.Algorithms))
	})
	return s
}

func same(x, y digest.Space) bool {
	return x.Realm == y.Realm && slices.Equal(x.Algorithms, y.Algorithms)
}

// shared warns of an AOR that endpoints with different spaces have.
func (b *builder) shared(c *endpoint.Endpoint, aor string) {
	e := &b.directory.Endpoints[len(b.directory.Endpoints)-1]
	if e.Believed() || same(e.Space, digest.Space{}) {
		return
	}
	if b.spaces == nil {
		b.spaces = make(map[string]digest.Space)
	}
	first, ok := b.spaces[strings.ToLower(aor)]
	if !ok {
		b.spaces[strings.ToLower(aor)] = e.Space
		return
	}
	if !same(first, e.Space) {
		b.warnings.Add(asterisk.Warning{File: c.File, Line: c.Line,
			Text: fmt.Sprintf("endpoint %s: others that register at aor %s have another realm or algorithm", c.Name, aor),
			Here: "who registers there is asked for that of the first, and this one cannot prove itself by a hash"})
	}
}

// space is what the credentials of a section can be proven for: the realm that it names, and
// where only hashes are known the file's own realm and their algorithms. Without an algorithm
// that any of them is of, ok is false.
func (b *builder) space(a *endpoint.Auth, c *digest.Credentials) (s digest.Space, ok bool) {
	hashed := c.Password == ""
	realm := a.Realm
	if realm == "" && hashed && len(a.Digests) > 0 {
		realm = b.realm
	}
	if realm != b.options.Realm {
		s.Realm = realm
	}
	offered := b.options.Algorithms
	if len(a.Offered) > 0 {
		offered = nil
		for _, name := range a.Offered {
			if alg, ok := digest.ParseAlgorithm(name); ok {
				offered = append(offered, alg)
			}
		}
	}
	known := func(alg digest.Algorithm) bool { return !hashed || c.HA1[alg] != "" }
	can := slices.DeleteFunc(slices.Clone(offered), func(alg digest.Algorithm) bool { return !known(alg) })
	if len(can) == 0 && len(a.Offered) == 0 { // of algorithms that others are not asked for
		for _, alg := range []digest.Algorithm{digest.MD5, digest.SHA256, digest.SHA512256} {
			if known(alg) {
				can = append(can, alg)
			}
		}
	}
	if len(can) == 0 {
		if len(a.Offered) > 0 { // else its credentials have been warned of
			b.warnings.Add(asterisk.Warning{File: a.File, Line: a.Line,
				Text: fmt.Sprintf("auth %s: there is no hash of an algorithm of supported_algorithms_uas", a.Name), Here: "nobody can prove it"})
		}
		return digest.Space{}, false
	}
	if !slices.Equal(can, b.options.Algorithms) {
		s.Algorithms = can
	}
	return s, true
}

// proofs are the credentials that a caller must prove one of, and what they are asked for.
func (b *builder) proofs(e *Endpoint, c *endpoint.Endpoint) {
	chosen := false
	for i := range c.Auth {
		a := &c.Auth[i]
		proof := b.credentials(a)
		if !a.Provable() {
			e.Credentials = append(e.Credentials, proof)
			continue
		}
		s, ok := b.space(a, &proof)
		if !ok { // by what we would ask for instead it is not to be proven either
			proof = digest.Credentials{Username: proof.Username}
		}
		e.Credentials = append(e.Credentials, proof)
		switch {
		case !ok:
		case chosen && !same(s, e.Space):
			b.warnings.Add(asterisk.Warning{File: a.File, Line: a.Line,
				Text:     fmt.Sprintf("auth %s: its realm or algorithm is not that of the others of endpoint %s", a.Name, c.Name),
				Asterisk: "asks for each of them", Here: "it is asked for that of the first, and nobody can prove this one by a hash"})
		default:
			e.Space, chosen = s, true
		}
	}
}
