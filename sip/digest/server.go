package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Verdict is what an Authenticator found.
type Verdict uint8

// The verdicts. All but Accepted refuse; the answer to all but Malformed and
// Throttled is a challenge (401 or 407), the same for known and unknown users.
const (
	// Unproven: no credentials that can be looked at. Challenge.
	Unproven Verdict = iota
	// Accepted: Username is who asks.
	Accepted
	// Wrong: the password is wrong or there is no such user. Challenge.
	Wrong
	// Stale: the password is right, the nonce too old or used. Challenge with stale=true.
	Stale
	// Throttled: too many wrong passwords; nothing was looked at. 503 with Retry-After.
	Throttled
	// Malformed: the credentials cannot be parsed. 400.
	Malformed
)

var verdictNames = [...]string{"unproven", "accepted", "wrong", "stale", "throttled", "malformed"}

// String is the verdict's name, for logs.
func (v Verdict) String() string { return verdictNames[v] }

// Request is what a request shows of itself.
type Request struct {
	Method string
	// Covers tells whether the uri of the credentials names what the request acts
	// on: its Request-URI, with whatever leniency that needs.
	Covers func(uri string) bool
	// Authorization is each Authorization header (Proxy-Authorization where the
	// challenge is a 407).
	Authorization []string
	Source        netip.Addr // the client's address; nonces are bound to it
}

// Result is a verdict with what belongs to it.
type Result struct {
	Verdict Verdict
	// Username is the name in the credentials; proven only when Accepted.
	Username string
	// RetryAfter is how long a Throttled client should wait.
	RetryAfter time.Duration
	// Err says what is Malformed, of kind fault.Invalid.
	Err error
}

// Lookup gives the credentials of a user, false for an unknown one. It should
// take as long for either.
type Lookup func(username string) (Credentials, bool)

// Authenticator challenges requests and verifies answers. It is safe for
// concurrent use.
type Authenticator struct {
	cfg    Config
	nonces *nonces
	guard  *guard
	opaque string
	dummy  Credentials // what an unknown user's answer is compared with
}

// NewAuthenticator makes an Authenticator.
func NewAuthenticator(cfg Config) (*Authenticator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if len(cfg.Secret) == 0 {
		cfg.Secret = make([]byte, 32)
		_, _ = rand.Read(cfg.Secret) // never fails (crypto/rand)
	}
	mac := hmac.New(sha256.New, cfg.Secret)
	mac.Write([]byte("opaque"))
	sum := hex.EncodeToString(mac.Sum(nil))
	return &Authenticator{
		cfg:    cfg,
		nonces: newNonces(cfg.Secret, cfg.Realm, cfg.NonceLife, cfg.MaxNonces/2),
		guard:  newGuard(cfg.Backoff),
		opaque: sum[:16],
		dummy:  Credentials{Password: rand.Text()},
	}, nil
}

// Realm is the realm that is challenged for.
func (a *Authenticator) Realm() string { return a.cfg.Realm }

// Challenges gives the values of the WWW-Authenticate (or Proxy-Authenticate)
// headers of a challenge to a client, one for each algorithm (RFC 8760 §2.3).
// They share a nonce.
func (a *Authenticator) Challenges(client netip.Addr, stale bool) []string {
	c := Challenge{Realm: a.cfg.Realm, Nonce: a.nonces.issue(client), Opaque: a.opaque, QOP: []string{"auth"}, Stale: stale}
	out := make([]string, len(a.cfg.Algorithms))
	for i, alg := range a.cfg.Algorithms {
		c.Algorithm = alg.String()
		out[i] = c.String()
	}
	return out
}

// maxAuthorizations bounds how many headers of one request are looked at.
const maxAuthorizations = 8

// Check verifies a request's credentials.
func (a *Authenticator) Check(r Request, lookup Lookup) Result {
	auth, found, err := a.pick(r.Authorization)
	if err != nil {
		return Result{Verdict: Malformed, Err: err}
	}
	if !found {
		return Result{}
	}
	out := Result{Username: auth.Username}
	alg, known := ParseAlgorithm(auth.Algorithm)
	if !known || !slices.Contains(a.cfg.Algorithms, alg) || !strings.EqualFold(auth.QOP, "auth") ||
		auth.Opaque != "" && auth.Opaque != a.opaque || !r.Covers(auth.URI) {
		return out
	}
	nonce, ours := a.nonces.open(auth.Nonce, r.Source)
	if !ours {
		return out
	}
	if out.RetryAfter = a.guard.wait(r.Source, auth.Username); out.RetryAfter > 0 {
		out.Verdict = Throttled
		return out
	}
	if !a.proves(&auth, alg, r.Method, lookup) {
		a.guard.failed(r.Source, auth.Username)
		out.Verdict = Wrong
		return out
	}
	if !a.nonces.use(nonce, auth.NC) {
		out.Verdict = Stale
		return out
	}
	a.guard.passed(r.Source, auth.Username)
	out.Verdict = Accepted
	return out
}

// pick finds the credentials for this realm.
func (a *Authenticator) pick(headers []string) (auth Authorization, found bool, err error) {
	for i, h := range headers {
		if i == maxAuthorizations {
			break
		}
		if !IsDigest(h) {
			continue
		}
		if auth, err = ParseAuthorization(h); err != nil {
			return Authorization{}, false, err
		}
		if auth.Realm == a.cfg.Realm {
			return auth, true, nil
		}
	}
	return Authorization{}, false, nil
}

// proves tells whether the response was made with the user's secret. An unknown
// user takes the same steps and always fails.
func (a *Authenticator) proves(auth *Authorization, alg Algorithm, method string, lookup Lookup) bool {
	c, known := lookup(auth.Username)
	known = known && c.can(alg)
	if !known {
		c = a.dummy
	}
	c.Username = auth.Username
	want := alg.response(c.ha1(alg, a.cfg.Realm), method, auth.URI, auth.Nonce, formatNC(auth.NC), auth.Cnonce, auth.QOP)
	same := subtle.ConstantTimeCompare([]byte(strings.ToLower(auth.Response)), []byte(want)) == 1
	return same && known
}
