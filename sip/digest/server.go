package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"iter"
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
	// Unfit: the nonce is one that the client was just challenged with, the rest is not of that
	// challenge or not for that request. Challenge; whoever does so is no better than who
	// guesses.
	Unfit
)

var verdictNames = [...]string{"unproven", "accepted", "wrong", "stale", "throttled", "malformed", "unfit"}

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
	// Space is what it was challenged for.
	Space  Space
	Source netip.Addr // the client's address; nonces are bound to it
	Port   uint16     // and its port; 0 where it says nothing of who asks
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
func (a *Authenticator) Challenges(in Space, client netip.Addr, stale bool) []string {
	in = a.whole(in)
	c := Challenge{Realm: in.Realm, Nonce: a.nonces.issue(client), Opaque: a.opaque, QOP: []string{"auth"}, Stale: stale}
	out := make([]string, len(in.Algorithms))
	for i, alg := range in.Algorithms {
		c.Algorithm = alg.String()
		out[i] = c.String()
	}
	return out
}

// maxAuthorizations bounds how many headers of one request are looked at.
const maxAuthorizations = 8

// Check verifies a request's credentials.
func (a *Authenticator) Check(r Request, lookup Lookup) Result {
	in := a.whole(r.Space)
	auth, found, err := pick(r.Authorization, in.Realm)
	if err != nil {
		return Result{Verdict: Malformed, Err: err}
	}
	if !found {
		return a.unfit(r)
	}
	out := Result{Username: auth.Username}
	alg, fits := a.fits(&auth, r.Covers)
	if !fits || !slices.Contains(in.Algorithms, alg) {
		return a.unfit(r)
	}
	nonce, ours := a.nonces.open(auth.Nonce, r.Source)
	if !ours {
		return out
	}
	from := netip.AddrPortFrom(r.Source, r.Port)
	if out.RetryAfter = a.guard.wait(from, auth.Username); out.RetryAfter > 0 {
		out.Verdict = Throttled
		return out
	}
	if !a.proves(&auth, alg, r.Method, lookup) {
		a.guard.failed(from, auth.Username)
		out.Verdict = Wrong
		return out
	}
	if !a.nonces.use(nonce, auth.NC) {
		out.Verdict = Stale
		return out
	}
	a.guard.passed(from, auth.Username)
	out.Verdict = Accepted
	return out
}

// fits tells whether credentials are of a challenge of ours, whatever its space, and for the
// request that they came with.
func (a *Authenticator) fits(auth *Authorization, covers func(uri string) bool) (alg Algorithm, ok bool) {
	alg, known := ParseAlgorithm(auth.Algorithm)
	return alg, known && strings.EqualFold(auth.QOP, "auth") && (auth.Opaque == "" || auth.Opaque == a.opaque) && covers(auth.URI)
}

// unfit is what is found where no credentials fit what was asked.
func (a *Authenticator) unfit(r Request) Result {
	for auth, err := range shown(r.Authorization) {
		if err != nil {
			break
		}
		if id, ours := a.nonces.open(auth.Nonce, r.Source); ours && a.nonces.fresh(id) {
			return Result{Verdict: Unfit, Username: auth.Username}
		}
	}
	return Result{}
}

// Challenged tells whether credentials answer a challenge of ours to that client that may be
// answered still. It says nothing of the password, nor of the realm, since accounts may have
// their own: those Check finds Wrong or Unfit. A challenge that has not led to a proof is one no
// longer when it has been asked for some times; Space is not looked at.
func (a *Authenticator) Challenged(r Request) bool {
	for auth, err := range shown(r.Authorization) {
		if err != nil {
			return false
		}
		if _, fits := a.fits(&auth, r.Covers); !fits {
			continue
		}
		if id, ours := a.nonces.open(auth.Nonce, r.Source); ours && a.nonces.promises(id, auth.NC) {
			return true
		}
	}
	return false
}

// shown are the digest credentials in headers, up to the first that cannot be read.
func shown(headers []string) iter.Seq2[Authorization, error] {
	return func(yield func(Authorization, error) bool) {
		for _, h := range headers[:min(len(headers), maxAuthorizations)] {
			if !IsDigest(h) {
				continue
			}
			if auth, err := ParseAuthorization(h); !yield(auth, err) || err != nil {
				return
			}
		}
	}
}

// pick finds the credentials for a realm.
func pick(headers []string, realm string) (auth Authorization, found bool, err error) {
	for auth, err = range shown(headers) {
		if err != nil {
			return Authorization{}, false, err
		}
		if auth.Realm == realm {
			return auth, true, nil
		}
	}
	return Authorization{}, false, nil
}

// proves tells whether the response was made with the user's secret. An unknown
// user takes the same steps and always fails.
func (a *Authenticator) proves(auth *Authorization, alg Algorithm, method string, lookup Lookup) bool {
	same, known := a.compare(auth, alg, method, lookup)
	return same && known
}

// compare computes the response that a user's secret makes, an unknown user's with a
// secret that nobody has, and tells whether it is the one that came.
func (a *Authenticator) compare(auth *Authorization, alg Algorithm, method string, lookup Lookup) (same, known bool) {
	c, known := lookup(auth.Username)
	known = known && c.can(alg)
	if !known {
		c = a.dummy
	}
	c.Username = auth.Username
	want := alg.response(c.ha1(alg, auth.Realm), method, auth.URI, auth.Nonce, formatNC(auth.NC), auth.Cnonce, auth.QOP)
	same = subtle.ConstantTimeCompare([]byte(strings.ToLower(auth.Response)), []byte(want)) == 1
	return same, known
}
