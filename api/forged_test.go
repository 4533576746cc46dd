package api_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/authtest"
	"github.com/skygenesisenterprise/skybridge/internal/auth/jwks"
)

// Forged tokens open nothing, by none of the ways in which a token can be shown.
func TestForgedTokensOpenNothing(t *testing.T) {
	signer, err := authtest.NewSigner()
	must(t, err)
	keys, err := jwks.ParseFile(signer.Public)
	must(t, err)
	good, forged, err := signer.Tokens(time.Now())
	must(t, err)
	r := newRig(t, live(), func(c *api.Config) {
		c.Auth, err = auth.New(auth.Config{
			Secret: signer.Secret, PublicKeys: keys, Issuer: authtest.Issuer, Audience: authtest.Audience,
		}, nil)
		must(t, err)
	})
	const path = "/api/v1/voip/calls"
	for name, token := range good {
		if a := r.do("GET", path, "", "Authorization", "Bearer "+token); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
		s, _, err := r.opens("?token="+url.QueryEscape(token), nil)
		must(t, err)
		s.next("Welcome")
	}
	if len(forged) != 20 {
		t.Errorf("%d forged tokens", len(forged))
	}
	for name, token := range forged {
		t.Run(name, func(t *testing.T) {
			r.do("GET", path, "", "Authorization", "Bearer "+token).problem(t, http.StatusUnauthorized, "unauthorized")
			for what, open := range map[string]func() (*socket, int, error){
				"URL":         func() (*socket, int, error) { return r.opens("?token="+url.QueryEscape(token), nil) },
				"subprotocol": func() (*socket, int, error) { return r.opens("", nil, "bearer", token) },
				"header":      func() (*socket, int, error) { return r.opens("", http.Header{"Authorization": {"Bearer " + token}}) },
			} {
				if _, status, err := open(); err == nil || status != http.StatusUnauthorized {
					t.Errorf("in the %s: %d %v", what, status, err)
				}
			}
			s, _, err := r.opens("", nil)
			must(t, err)
			s.t = t
			s.says(frame{"type": "Auth", "token": token}).ends(4401)
		})
	}
}
