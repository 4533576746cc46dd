package digest

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// AnyRealm as Account.Realm answers whatever realm the peer names. Only for
// peers that were configured: who sends to arbitrary addresses would give its
// hash away to them.
const AnyRealm = "*"

// The errors of Attempt.Challenged.
var (
	// ErrRejected: the peer refused the credentials it was given.
	ErrRejected error = &fault.Error{Kind: fault.Unauthorized, Err: errors.New("digest: credentials were rejected")}
	// ErrRealm: the peer asks for a realm that the account is not for.
	ErrRealm error = &fault.Error{Kind: fault.Forbidden, Err: errors.New("digest: challenge is for another realm")}
	// ErrUnsupported: no challenge has an algorithm and qop we speak.
	ErrUnsupported error = &fault.Error{Kind: fault.Unsupported, Err: errors.New("digest: no challenge can be answered")}
)

// Account is who we are to a peer.
type Account struct {
	Credentials
	// Realm is the one realm to answer, or AnyRealm; where it is empty, what Realms remember of
	// the account of that Name at that Server, and without a Name none.
	Realm  string
	Name   string
	Server string // the host that is asked, as it is configured
	Realms *Realms
}

// learns tells whether the realm is the one that the peer asks for first.
func (a *Account) learns() bool { return a.Realm == "" && a.Name != "" && a.Realms != nil }

// server is the Server as the same one is always written.
func (a *Account) server() string { return strings.ToLower(strings.TrimSuffix(a.Server, ".")) }

// Header is a header to add to a request.
type Header struct {
	Name  string
	Value string
}

// Client answers the challenges of one configured peer. It keeps the last nonce
// of each kind, so that later requests need no challenge. It is safe for
// concurrent use.
type Client struct {
	account Account
	mu      sync.Mutex
	kept    [2]session // of the server itself (401), of a proxy (407)
}

// session is a nonce in use.
type session struct {
	challenge Challenge
	algorithm Algorithm
	nc        uint32
	cnonce    string
}

// The kinds of challenge, index of Client.kept.
const (
	server = iota
	proxy
)

var headerNames = [...]string{server: "Authorization", proxy: "Proxy-Authorization"}

// NewClient makes a Client for an account.
func NewClient(account Account) *Client { return &Client{account: account} }

// Attempt is one request on its way to being accepted.
type Attempt struct {
	c           *Client
	method, uri string
	tries       [2]int // challenges answered, by kind
}

// Begin begins a request. uri is its Request-URI as it will be sent.
func (c *Client) Begin(method, uri string) *Attempt {
	return &Attempt{c: c, method: method, uri: uri}
}

// Headers gives the credentials to send with the next try; none before the
// first challenge. Each call counts the nonce up.
func (a *Attempt) Headers() []Header {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	var out []Header
	for kind := range a.c.kept {
		if s := &a.c.kept[kind]; s.challenge.Nonce != "" {
			out = append(out, Header{headerNames[kind], s.authorize(&a.c.account.Credentials, a.method, a.uri)})
		}
	}
	return out
}

// Challenged is ChallengedBy the peer that was asked.
func (a *Attempt) Challenged(status int, values []string) error {
	return a.ChallengedBy(Asked, status, values)
}

// ChallengedBy takes the challenge of a 401 (WWW-Authenticate values) or 407
// (Proxy-Authenticate values). On nil the request may be sent again with
// Headers: once per kind, and once more when the peer says that only the nonce
// was stale.
func (a *Attempt) ChallengedBy(by Origin, status int, values []string) error {
	kind := server
	if status == 407 {
		kind = proxy
	}
	met := challenged{by: by, kind: kind, method: a.method, server: a.c.account.server()}
	best, alg, err := a.c.choose(met, values)
	if err == nil && a.c.account.learns() && !a.c.account.Realms.learn(a.c.account.Name, met, best.Realm) {
		err = ErrRealm // another request has learnt another one
	}
	if err != nil {
		return err
	}
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	s := &a.c.kept[kind]
	if tries := a.tries[kind]; tries > 1 || tries == 1 && (!best.Stale || best.Nonce == s.challenge.Nonce) {
		*s = session{} // not to be offered again
		return ErrRejected
	}
	a.tries[kind]++
	if best.Nonce != s.challenge.Nonce {
		s.nc, s.cnonce = 0, rand.Text()
	}
	s.challenge, s.algorithm = best, alg
	return nil
}

// answers tells whether the account is for a challenge.
func (a *Account) answers(c challenged, realm string) error {
	switch {
	case a.learns() && c.by == Elsewhere:
		a.Realms.refused(a.Name, c, realm)
		return ErrElsewhere
	case a.learns() && !a.Realms.admits(a.Name, c, realm):
		a.Realms.refused(a.Name, c, realm)
		return ErrRealm
	case a.learns(), a.Realm == AnyRealm, a.Realm == realm && realm != "":
		return nil
	}
	return ErrRealm
}

// choose picks the strongest challenge that can be answered.
func (c *Client) choose(met challenged, values []string) (best Challenge, alg Algorithm, err error) {
	err = ErrUnsupported
	for i, v := range values {
		if i == maxAuthorizations {
			break
		}
		challenge, perr := ParseChallenge(v)
		if perr != nil {
			continue // Basic, Bearer, or broken: another may do
		}
		a, known := ParseAlgorithm(challenge.Algorithm)
		if !known || !c.account.can(a) || len(challenge.QOP) > 0 && !slices.Contains(challenge.QOP, "auth") {
			continue
		}
		if no := c.account.answers(met, challenge.Realm); no != nil {
			if best.Nonce == "" {
				err = no
			}
			continue
		}
		if best.Nonce == "" || a > alg {
			best, alg, err = challenge, a, nil
		}
	}
	return best, alg, err
}

// authorize makes the credentials for a request.
func (s *session) authorize(c *Credentials, method, uri string) string {
	ch := &s.challenge
	out := Authorization{
		Username: c.Username, Realm: ch.Realm, Nonce: ch.Nonce, URI: uri,
		Opaque: ch.Opaque, Algorithm: ch.Algorithm,
	}
	s.nc++
	if len(ch.QOP) > 0 {
		out.QOP, out.NC, out.Cnonce = "auth", s.nc, s.cnonce
	}
	ha1 := c.ha1(s.algorithm, ch.Realm)
	out.Response = s.algorithm.response(ha1, method, uri, ch.Nonce, formatNC(out.NC), out.Cnonce, out.QOP)
	return out.String()
}
