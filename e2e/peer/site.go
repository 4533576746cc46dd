package peer

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// Site is a developer's web site: pages of its own, and what they ask the API for, which it
// passes on to the server as a site does whose pages ask for "/api/v1/voip/calls".
type Site struct {
	URL string

	api atomic.Pointer[url.URL]
	way *http.Transport
}

// NewSite starts a site with pages, which begin at "/".
func NewSite(t testing.TB, pages http.Handler) *Site {
	t.Helper()
	return NewSiteAt(t, Host+":0", pages)
}

// NewSiteAt starts a site at an address.
func NewSiteAt(t testing.TB, address string, pages http.Handler) *Site {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &Site{way: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // a test's own server
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(s.api.Load())
			r.Out.Host = r.In.Host // the pages' own, so that what they open is of the same origin
		},
		Transport: s.way,
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/api/", "/sdk/", "/ws/"} {
		mux.Handle(path, pass)
	}
	mux.Handle("/", pages)
	web := &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	web.Start()
	t.Cleanup(web.Close)
	s.URL = web.URL
	return s
}

// Serve has the site pass on to the server at an address ("https://127.0.0.1:8080") until the
// test ends.
func (s *Site) Serve(t testing.TB, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	s.api.Store(u)
	t.Cleanup(s.way.CloseIdleConnections)
}
