package directory

import (
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
)

// A transport that is named is the network and the listener of all that goes to the endpoint;
// one of browsers is neither.
func TestTransport(t *testing.T) {
	for _, tt := range []struct{ transport, network, listener string }{
		{"wan", "udp", "wan"}, {"wan-tls", "tls", "wan-tls"}, {"web", "", ""}, {"tcp", "tcp", ""}, {"", "", ""},
	} {
		set, err := endpoint.Load(asterisk.Loader{FS: fstest.MapFS{"pjsip.conf": {Data: []byte(
			"[lan]\ntype=transport\nprotocol=udp\nbind=127.0.0.2\n[wan]\ntype=transport\nprotocol=udp\nbind=127.0.0.3\n" +
				"[wan-tls]\ntype=transport\nprotocol=tls\nbind=127.0.0.3\n[web]\ntype=transport\nprotocol=wss\nbind=127.0.0.3\n" +
				"[a]\ntype=endpoint\nallow=ulaw\naors=a\ntransport=" + tt.transport + "\n[a]\ntype=aor\ncontact=sip:192.0.2.1\n" +
				"[r]\ntype=registration\nserver_uri=sip:192.0.2.1\nclient_uri=sip:a@192.0.2.1\ntransport=" + tt.transport + "\n",
		)}}})
		if err != nil {
			t.Fatal(err)
		}
		if d, _ := New(set, Options{Codecs: codecs(), Policies: map[string]Policy{"a": {}}}); d.Endpoints[0].Listener != "" {
			t.Errorf("%q: a trunk of the settings leaves by %q", tt.transport, d.Endpoints[0].Listener)
		}
		d, _ := New(set, Options{Codecs: codecs()})
		e, a, r := d.Endpoints[0], d.AORs[0], d.Registrations[0]
		if e.Network != tt.network || a.Network != tt.network || r.Transport != tt.network {
			t.Errorf("%q: networks %q, %q, %q", tt.transport, e.Network, a.Network, r.Transport)
		}
		if e.Listener != tt.listener || a.Listener != tt.listener || r.Listener != tt.listener {
			t.Errorf("%q: listeners %q, %q, %q", tt.transport, e.Listener, a.Listener, r.Listener)
		}
	}
}
