package endpoint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// ParseRegister reads the value of sip.conf's register line,
// "[peer?][transport://]user[@domain][:secret[:authuser]]@host[:port][/extension][~expiry]".
// Its errors do not show the secret.
func ParseRegister(line string) (Registration, error) {
	r := defaultRegistration("")
	rest := strings.TrimSpace(line)
	// A secret may hold any character, so what stands around it is cut off at the
	// outermost place.
	rest, host, ok := cutLast(rest, "@")
	if !ok {
		return r, errors.New("it is not user[:secret[:authuser]]@host")
	}
	user, credentials, _ := strings.Cut(rest, ":")
	if strings.HasPrefix(credentials, "//") {
		r.Transport = strings.ToLower(user)
		if peer, transport, ok := strings.Cut(r.Transport, "?"); ok {
			r.Endpoint, r.Transport = user[:len(peer)], transport
		}
		user, credentials, _ = strings.Cut(credentials[2:], ":")
		if r.Transport != "udp" && r.Transport != "tcp" && r.Transport != "tls" {
			return r, fmt.Errorf("transport %q is none of udp, tcp, tls", r.Transport)
		}
	} else if peer, name, ok := strings.Cut(user, "?"); ok {
		r.Endpoint, user = peer, name
	}
	secret, authUser, _ := strings.Cut(credentials, ":")
	if host, expiry, ok := cutLast(host, "~"); ok {
		if _, err := strconv.Atoi(expiry); err != nil {
			return r, fmt.Errorf("what follows %s~ is no number of seconds", host)
		}
	}
	host, _, _ = strings.Cut(host, "~")
	host, extension, _ := strings.Cut(host, "/")
	user, domain, _ := strings.Cut(user, "@")
	switch {
	case user == "":
		return r, errors.New("there is no user")
	case !isHostPort(host):
		return r, fmt.Errorf("%q is no host", host)
	case extension != "":
		r.ContactUser = extension
	}
	if domain == "" {
		domain = host
	}
	if authUser == "" {
		authUser = user
	}
	if secret != "" {
		auth := defaultAuth("")
		auth.Username, auth.Password = authUser, secret
		r.Auth = []Auth{auth}
	}
	r.Name = user + "@" + host
	r.ClientURI = "sip:" + user + "@" + domain
	r.ServerURI = "sip:" + host
	if r.Transport != "" && r.Transport != "udp" {
		r.ServerURI += ";transport=" + r.Transport
	}
	return r, nil
}

// isHostPort reports whether text is a host name or address, with or without a port.
func isHostPort(text string) bool {
	if _, err := option.ParseBind(text, 0); err == nil {
		return true
	}
	host, port, ok := strings.Cut(text, ":")
	if ok {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return false
		}
	}
	return isHostName(host)
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
