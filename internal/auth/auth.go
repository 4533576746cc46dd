// Package auth tells who a request comes from: a JWT (RFC 7519), an API key or the certificate
// of a service.
// It starts no goroutine.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/skygenesisenterprise/skybridge/internal/auth/apikey"
	"github.com/skygenesisenterprise/skybridge/internal/auth/jwks"
	"github.com/skygenesisenterprise/skybridge/internal/auth/mutual"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Role is what a principal may do.
type Role string

// The roles, from the most to the least.
const (
	RoleAdmin   Role = "admin"
	RoleService Role = "service"
	RoleUser    Role = "user"
	RoleAuditor Role = "auditor"
)

// Principal is who a request comes from.
type Principal struct {
	User      string
	Extension string // the phone that belongs to the user; may be empty
	Roles     []Role
	// Scopes are the operations that an API key is for, see Allows; none for all that its
	// roles may do.
	Scopes    []string
	CallLimit int       // calls at once; 0 for the server's limit
	Expires   time.Time // zero for an API key without end
}

// Has reports whether the principal has a role.
func (p Principal) Has(r Role) bool { return slices.Contains(p.Roles, r) }

// SeesAll reports whether the principal sees other users' objects.
func (p Principal) SeesAll() bool { return p.Has(RoleAdmin) }

// Config is how tokens are checked.
type Config struct {
	Secret []byte // HS256; at least 16 bytes
	// PublicKeys are those of a file, Provider has those of an identity provider; nil for none.
	PublicKeys []jwks.Key
	Provider   Provider
	Issuer     string // required in tokens when set
	Audience   string // required in tokens when set
	Now        func() time.Time
	// Accounts are what is known of users and keys; nil knows none.
	Accounts Accounts
}

// Provider has the keys of an identity provider, as jwks.Remote does.
type Provider interface {
	// Keys are those that a token may be signed with; it fails with fault.Unavailable where
	// they cannot be had.
	Keys(ctx context.Context, algorithm, id string) ([]any, error)
	Ready() error
}

// Keys finds API keys by their hash (see HashKey). The hash is what is looked
// up, so no comparison can leak a key by its time.
type Keys interface {
	// APIKey fails with fault.NotFound for a key that does not exist.
	APIKey(ctx context.Context, hash string) (Key, error)
}

// Key is a stored API key.
type Key struct {
	ID      string
	Hash    string // HashKey of the whole key, or apikey's hash of its secret
	User    string
	Roles   []Role    // none for its user's
	Scopes  []string  // see Principal
	Expires time.Time // zero means never
	Used    time.Time // zero means never
	Revoked bool
}

// Authenticator checks tokens and keys.
type Authenticator struct {
	cfg    Config
	keys   Keys
	parser *jwt.Parser
	check  *apikey.Checker
	public atomic.Pointer[[]jwks.Key]
	secret atomic.Pointer[[]byte]
	// clients are those that prove themselves by certificates; nil for none.
	clients atomic.Pointer[mutual.Clients]
}

const (
	maxToken = 8 << 10
	leeway   = time.Minute
	issuer   = "skybridge"
)

// New makes an authenticator. keys may be nil: then no API key is known.
func New(cfg Config, keys Keys) (*Authenticator, error) {
	if len(cfg.Secret) < 16 {
		return nil, fmt.Errorf("auth: a secret of %d bytes, at least 16", len(cfg.Secret))
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	opts := []jwt.ParserOption{
		jwt.WithValidMethods([]string{"HS256", "RS256", "ES256", "EdDSA"}),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(cfg.Now),
	}
	if cfg.Issuer != "" {
		opts = append(opts, jwt.WithIssuer(cfg.Issuer))
	}
	if cfg.Audience != "" {
		opts = append(opts, jwt.WithAudience(cfg.Audience))
	}
	check, err := apikey.NewChecker()
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	a := &Authenticator{cfg: cfg, keys: keys, parser: jwt.NewParser(opts...), check: check}
	a.UseSecret(cfg.Secret)
	a.UsePublicKeys(cfg.PublicKeys)
	return a, nil
}

// UseSecret replaces Config.Secret from now on: tokens of the former one are not taken any more.
func (a *Authenticator) UseSecret(secret []byte) { a.secret.Store(&secret) }

// UsePublicKeys replaces Config.PublicKeys from now on.
func (a *Authenticator) UsePublicKeys(keys []jwks.Key) { a.public.Store(&keys) }

// Ready says why tokens cannot be checked now; nil when they can.
func (a *Authenticator) Ready() error {
	if a.cfg.Provider == nil {
		return nil
	}
	return a.cfg.Provider.Ready()
}

type claims struct {
	Extension string   `json:"extension,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	Roles     []string `json:"roles,omitempty"`
	jwt.RegisteredClaims
}

// Token checks a JWT, and adds what is known of its user. Every failure is of kind
// fault.Unauthorized, unless the store fails or the keys of the identity provider cannot be had.
func (a *Authenticator) Token(token string) (Principal, error) {
	if len(token) > maxToken {
		return Principal{}, fault.New(fault.Unauthorized, "token of %d bytes, at most %d", len(token), maxToken)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookup)
	defer cancel()
	var c claims
	_, err := a.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return a.key(ctx, t) })
	if fault.Of(err) == fault.Unavailable {
		return Principal{}, err
	}
	if err != nil {
		return Principal{}, fault.New(fault.Unauthorized, "token: %w", err)
	}
	if err := CheckUser(c.Subject); err != nil {
		return Principal{}, fault.New(fault.Unauthorized, "token: subject: %w", err)
	}
	if err := checkExtension(c.Extension); err != nil {
		return Principal{}, fault.New(fault.Unauthorized, "token: %w", err)
	}
	p := Principal{User: c.Subject, Extension: c.Extension, Expires: c.ExpiresAt.Time}
	for _, r := range append(c.Roles, strings.Fields(c.Scope)...) {
		if role, err := ParseRole(r); err == nil && !p.Has(role) {
			p.Roles = append(p.Roles, role)
		}
	}
	return a.known(ctx, p)
}

// ParseRole reads a role's name.
func ParseRole(name string) (Role, error) {
	switch r := Role(name); r {
	case RoleAdmin, RoleService, RoleUser, RoleAuditor:
		return r, nil
	default:
		return "", fmt.Errorf("%q is none of admin, service, user, auditor", name)
	}
}

const (
	maxUser      = 128
	maxExtension = 64
)

// CheckUser says what is wrong with a user's name: it stands in logs, command
// output and SIP headers.
func CheckUser(name string) error {
	switch {
	case name == "":
		return errors.New("no name")
	case len(name) > maxUser:
		return fmt.Errorf("a name of %d bytes, at most %d", len(name), maxUser)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("a name with unprintable characters")
	}
	return nil
}

// checkExtension says what is wrong with an extension: it is dialled.
func checkExtension(number string) error {
	wrong := strings.ContainsFunc(number, func(r rune) bool {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !alnum && !strings.ContainsRune("*#+._-", r)
	})
	if wrong || len(number) > maxExtension {
		return errors.New("extension: not a number that can be dialled")
	}
	return nil
}

// key gives the keys that belong to a token's algorithm and "kid": a public key is never used as
// a shared secret, and never for another algorithm than its own.
func (a *Authenticator) key(ctx context.Context, t *jwt.Token) (any, error) {
	if t.Method.Alg() == "HS256" {
		return *a.secret.Load(), nil
	}
	id, ok := t.Header["kid"].(string)
	if !ok && t.Header["kid"] != nil {
		return nil, errors.New("a kid that is no text")
	}
	found, named := jwks.Match(*a.public.Load(), t.Method.Alg(), id)
	if !named && a.cfg.Provider != nil {
		more, err := a.cfg.Provider.Keys(ctx, t.Method.Alg(), id)
		if err != nil && len(found) == 0 {
			return nil, err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return nil, errors.New("no key for its algorithm and kid is known")
	}
	set := jwt.VerificationKeySet{}
	for _, k := range found {
		set.Keys = append(set.Keys, k)
	}
	return set, nil
}

// Issue makes an HS256 token of our own, for a principal that Token would accept.
func (a *Authenticator) Issue(p Principal, life time.Duration) (string, error) {
	if err := errors.Join(CheckUser(p.User), checkExtension(p.Extension)); err != nil {
		return "", fault.New(fault.Invalid, "issue token: %w", err)
	}
	now := a.cfg.Now()
	c := claims{
		Extension: p.Extension,
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: p.User, Issuer: a.cfg.Issuer,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
		},
	}
	if c.Issuer == "" {
		c.Issuer = issuer
	}
	if a.cfg.Audience != "" {
		c.Audience = jwt.ClaimStrings{a.cfg.Audience}
	}
	for _, r := range p.Roles {
		c.Roles = append(c.Roles, string(r))
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(*a.secret.Load())
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// APIKey checks an API key. Every failure is of kind fault.Unauthorized, unless
// the store fails.
func (a *Authenticator) APIKey(ctx context.Context, key string) (Principal, error) {
	refused := fault.New(fault.Unauthorized, "unknown API key")
	if len(key) > 256 || !strings.HasPrefix(key, keyPrefix) || a.keys == nil && a.cfg.Accounts == nil {
		return Principal{}, refused
	}
	k, err := a.find(ctx, key)
	now := a.cfg.Now()
	switch {
	case fault.Of(err) == fault.NotFound && err != nil:
		return Principal{}, refused
	case err != nil:
		return Principal{}, err
	case k.Revoked || !k.Expires.IsZero() && now.After(k.Expires):
		return Principal{}, refused
	}
	if a.cfg.Accounts != nil && now.Sub(k.Used) >= usedEvery {
		a.cfg.Accounts.Used(ctx, k.ID, now)
	}
	return a.known(ctx, Principal{User: k.User, Roles: k.Roles, Scopes: k.Scopes, Expires: k.Expires})
}

const keyPrefix = "sk_"

// NewKey makes an API key of the older format, without an ID; apikey.New makes those of today.
// It gives what the user gets, and what is stored.
func NewKey(user string, roles []Role, expires time.Time) (string, Key) {
	key := keyPrefix + randomText(32)
	return key, Key{Hash: HashKey(key), User: user, Roles: roles, Expires: expires}
}

// HashKey is what is stored of an API key, in hexadecimal. The key's 256 random
// bits need no slow hash.
func HashKey(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:])
}

// NewSecret makes a secret for Config.Secret.
func NewSecret() []byte { return []byte(randomText(32)) }

func randomText(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand never fails on the systems we run on
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
