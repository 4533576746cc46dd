package peer

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Tunnel starts a proxy for CONNECT (RFC 9110 section 9.3.6) and gives its address. Whatever host
// is asked for, it leads to one address: a browser finds there what it knows by another name.
func Tunnel(t testing.TB, to string) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "CONNECT alone", http.StatusMethodNotAllowed)
			return
		}
		far, err := (&net.Dialer{Timeout: limit}).DialContext(r.Context(), "tcp", to)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer far.Close()
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return // the browser has gone
		}
		defer near.Close()
		if _, err := io.WriteString(near, "HTTP/1.1 200 Connected\r\n\r\n"); err != nil {
			return
		}
		back := make(chan struct{})
		// owned by the handler: ends with either connection
		go func() {
			defer close(back)
			_, _ = io.Copy(near, far) // how it ends is the browser's matter
			near.Close()
		}()
		_, _ = io.Copy(far, near)
		far.Close()
		<-back
	}))
	t.Cleanup(proxy.Close)
	return proxy.Listener.Addr().String()
}
