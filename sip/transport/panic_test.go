package transport_test

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// TestPanicsWhileReading cost the message, or the connection where the next message
// cannot be found without it.
func TestPanicsWhileReading(t *testing.T) {
	for network, stays := range map[string]bool{"udp": true, "tcp": false, "ws": true} {
		t.Run(network, func(t *testing.T) {
			got := make(chan string, 4)
			layer, err := transport.New(siptest.Config(network).Transport, transport.Events{
				Receive: func(f transport.Flow, m *message.Parsed, err error) {
					switch {
					case err != nil:
						t.Error(err)
					case m.Header("Subject") == "panic":
						panic("while reading")
					}
					got <- m.Header("Subject")
				},
				Closed: func(message.FlowID) {},
				Quirk:  func(string, netip.AddrPort, error) {},
				Guard:  func(what string, f func()) bool { return guard.Do(slog.New(slog.DiscardHandler), what, f) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := layer.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := layer.Close(); err != nil {
					t.Error(err)
				}
			}()
			connect := func() *siptest.Peer {
				switch network {
				case "udp":
					return siptest.UDP(t, layer.Addr(network))
				case "tcp":
					return siptest.TCP(t, layer.Addr(network))
				}
				return siptest.WebSocket(t, "ws://"+layer.Addr(network).String()+"/ws", nil, nil)
			}
			p := connect()
			p.NewCall("sip:x").Send("OPTIONS", "", "Subject: panic")
			if !stays {
				siptest.Wait(t, p.Ended())
				p = connect()
			}
			p.NewCall("sip:x").Send("OPTIONS", "", "Subject: next")
			if s := siptest.Wait(t, got); s != "next" {
				t.Errorf("got %s", s)
			}
			p.Close()
		})
	}
}
