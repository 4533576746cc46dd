package server

import (
	"crypto/tls"
	"net/http"
)

// URL is the address of a path of the API.
func (s *Server) URL(path string) string {
	if s.secure {
		return "https://" + addr(s.API) + path
	}
	return "http://" + addr(s.API) + path
}

// trusting takes the server's own certificate, which nobody signed.
var trusting = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // a test's own server

// Client makes requests of the API.
func (s *Server) Client() *http.Client {
	if s.secure {
		return trusting
	}
	return http.DefaultClient
}
