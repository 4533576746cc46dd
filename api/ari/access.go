package ari

import (
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
)

// identify finds the user of ari.conf who asks: by HTTP's Basic, else by api_key=USER:PASSWORD in the
// URL. Who has guessed too often is not looked at; to show nothing is no guess.
func (h *handler) identify(out http.Header, r *http.Request, s *settings.ARI) (*settings.ARIUser, *failure) {
	name, password, shown := r.BasicAuth()
	if !shown {
		name, password, shown = strings.Cut(r.URL.Query().Get("api_key"), ":")
	}
	from := addressOf(r)
	if shown && h.Limits != nil {
		if state := h.Limits.MayFail(from); state.Wait > 0 {
			out.Set("Retry-After", strconv.Itoa(int(state.Wait.Seconds())+1))
			return nil, &failure{http.StatusTooManyRequests, "Too many attempts"}
		}
	}
	var found *settings.ARIUser
	for i := range s.Users {
		u := &s.Users[i]
		// All are compared, whoever it is: how long it takes tells nothing.
		if same(u.Name, name)&same(u.Password, password) == 1 && !u.Crypt {
			found = u
		}
	}
	if found != nil && shown {
		return found, nil
	}
	if shown && h.Limits != nil {
		h.Limits.Failed(from)
	}
	out.Set("WWW-Authenticate", `Basic realm="`+strings.ReplaceAll(s.AuthRealm, `"`, "'")+`"`)
	return nil, &failure{http.StatusUnauthorized, "Authentication required"}
}

func same(a, b string) int { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) }

func addressOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // not of the network: a test's
		return netip.IPv6Loopback()
	}
	return at.Addr().Unmap()
}
