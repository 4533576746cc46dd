package trunk

import (
	"context"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// handler is a server's handling of requests outside calls.
type handler func(*sip.IncomingRequest)

func (h handler) OnInvite(in *sip.IncomingInvite)   { _ = in.Reject(sip.Reply{Status: 404}) }
func (h handler) OnRequest(in *sip.IncomingRequest) { h(in) }

var quiet = slog.New(slog.DiscardHandler)

func serve(t *testing.T, h handler, networks ...string) *sip.Server {
	t.Helper()
	return serveAt(t, "127.0.0.1:0", h, networks...)
}

// serveAt is serve at an address.
func serveAt(t *testing.T, address string, h handler, networks ...string) *sip.Server {
	t.Helper()
	cfg := sip.Default()
	for _, n := range networks {
		cfg.Transport.Listeners = append(cfg.Transport.Listeners, transport.Listener{Network: n, Address: address})
	}
	s, err := sip.NewServer(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// registrarFor is a real registrar with one account, "us".
func registrarFor(t *testing.T, events func(registrar.Event), change func(*registrar.AOR, *digest.Config)) *sip.Server {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	aor, dcfg := registrar.DefaultAOR("us"), digest.Default()
	if change != nil {
		change(&aor, &dcfg)
	}
	a, err := digest.NewAuthenticator(dcfg)
	if err != nil {
		t.Fatal(err)
	}
	gate := auth.NewGate(a, log)
	var r *registrar.Registrar
	ready := make(chan struct{})
	s := serve(t, func(in *sip.IncomingRequest) {
		user, refusal := gate.Admit(in.Request(), digest.Space{}, func(name string) (digest.Credentials, bool) {
			return digest.Credentials{Password: "secret"}, name == "us"
		})
		if refusal != nil {
			_ = in.Respond(*refusal) // the trunk tells
			return
		}
		<-ready
		r.Handle(context.Background(), in, user)
	}, "udp", "tcp")
	scfg := store.Default()
	scfg.Path = store.Memory
	st, err := store.Open(t.Context(), scfg, log)
	if err != nil {
		t.Fatal(err)
	}
	rcfg := registrar.Default()
	rcfg.OnEvent = events
	if r, err = registrar.New(rcfg, s, st.Bindings, log); err != nil {
		t.Fatal(err)
	}
	if err := r.Configure(t.Context(), []registrar.AOR{aor}); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(ready)
	t.Cleanup(func() {
		r.Stop()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// trunkTo is a registration with a server, and a channel of its status changes.
func trunkTo(t *testing.T, s *sip.Server, network, password string, change func(*Config)) (*Registrations, chan State) {
	t.Helper()
	host := "sip:127.0.0.1:" + strconv.Itoa(int(s.Addr(network).Port()))
	cfg := provider(t)
	cfg.Server, cfg.Client, cfg.Transport = uri(t, host), uri(t, "sip:us@127.0.0.1"), network
	cfg.Credentials = []sip.Credential{{Realm: "asterisk", Username: "us", Password: password}}
	if change != nil {
		change(&cfg)
	}
	states := make(chan State, 100)
	own := serve(t, func(in *sip.IncomingRequest) { _ = in.Respond(sip.Reply{}) }, "udp", "tcp")
	r := NewRegistrations(own, slog.New(slog.DiscardHandler), func(s State) { states <- s })
	configure(t, r, cfg)
	return r, states
}

func TestAgainstRegistrar(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		for _, alg := range []digest.Algorithm{digest.MD5, digest.SHA256, digest.SHA512256} {
			t.Run(network+" "+alg.String(), func(t *testing.T) {
				events := make(chan registrar.Event, 10)
				s := registrarFor(t, func(e registrar.Event) { events <- e }, func(a *registrar.AOR, c *digest.Config) {
					a.MaxExpiration, c.Algorithms = 10*time.Minute, []digest.Algorithm{alg}
				})
				r, states := trunkTo(t, s, network, "secret", nil)
				st := <-states
				if st.Status != Registered || st.LastStatus != 200 || st.RTT <= 0 || time.Until(st.Expires) > 10*time.Minute || time.Until(st.Expires) < 9*time.Minute {
					t.Errorf("state %+v", st)
				}
				if e := <-events; e.Kind != registrar.Added || e.Binding.Network != network {
					t.Errorf("registrar told %+v", e)
				}
				if err := r.Retry("provider"); err != nil {
					t.Fatal(err)
				}
				if e := <-events; e.Kind != registrar.Updated || e.Binding.CSeq <= 2 { // the same series
					t.Errorf("registrar told %+v", e)
				}
				stop(t, r)
				if e := <-events; e.Kind != registrar.Removed || e.Reason != registrar.Unregistered {
					t.Errorf("registrar told %+v", e)
				}
			})
		}
	}
}

func TestTooBrief(t *testing.T) {
	s := registrarFor(t, nil, func(a *registrar.AOR, _ *digest.Config) { a.MinExpiration = 5 * time.Minute })
	r, states := trunkTo(t, s, "udp", "secret", func(c *Config) { c.Expiration = time.Minute })
	defer stop(t, r)
	if st := <-states; st.Status != Registered || time.Until(st.Expires) < 4*time.Minute {
		t.Errorf("state %+v", st)
	}
}

// TestRefusals: what the registrar answers and what State then says.
func TestRefusals(t *testing.T) {
	challenge := func(realm string) message.Header {
		return message.Header{Name: "WWW-Authenticate", Value: `Digest realm="` + realm + `", nonce="n", qop="auth"`}
	}
	for _, tt := range []struct {
		name   string
		reply  sip.Reply
		change func(*Config)
		status Status // Unregistered where it goes on trying
		next   time.Duration
		sent   int
	}{
		{"forbidden", sip.Reply{Status: 403}, nil, Rejected, 0, 1},
		{"forbidden for now", sip.Reply{Status: 403}, func(c *Config) { c.ForbiddenRetryInterval = time.Hour }, Rejected, time.Hour, 1},
		{"wrong password", sip.Reply{Status: 401, Headers: []message.Header{challenge("asterisk")}}, nil, Rejected, 0, 2},
		{"another realm gets no digest", sip.Reply{Status: 401, Headers: []message.Header{challenge("evil")}}, nil, Rejected, 0, 1},
		{"overloaded", sip.Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: "1800 (soon)"}}}, nil, Unregistered, 30 * time.Minute, 1},
		{"overloaded, absurdly", sip.Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: "999999999"}}}, nil, Unregistered, time.Hour, 1},
		{"too brief without saying", sip.Reply{Status: 423}, nil, Rejected, 0, 1},
		{"too brief for ever", sip.Reply{Status: 423, Headers: []message.Header{{Name: "Min-Expires", Value: "99999999"}}}, nil, Rejected, 0, 1},
		{"too brief, unchanged", sip.Reply{Status: 423, Headers: []message.Header{{Name: "Min-Expires", Value: "3600"}}}, nil, Rejected, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			var sent, withDigest int
			s := serve(t, func(in *sip.IncomingRequest) {
				mu.Lock()
				sent++
				if in.Request().HasHeader("Authorization") {
					withDigest++
				}
				mu.Unlock()
				_ = in.Respond(tt.reply) // the trunk tells
			}, "udp")
			r, _ := trunkTo(t, s, "udp", "secret", tt.change)
			var st State
			for st.Failures == 0 { // State is what changes: Unregistered tells nobody
				runtime.Gosched()
				st = r.State()[0]
			}
			if st.Status != tt.status || st.LastStatus != tt.reply.Status || st.LastError == "" || st.Failures != 1 {
				t.Errorf("state %+v", st)
			}
			if wait := time.Until(st.Next); tt.next == 0 && tt.status == Rejected && !st.Next.IsZero() || tt.next > 0 && (wait > tt.next || wait < tt.next-time.Minute) {
				t.Errorf("tries again in %v, want %v", wait, tt.next)
			}
			stop(t, r)
			mu.Lock()
			defer mu.Unlock()
			if sent != tt.sent || withDigest != tt.sent-1 {
				t.Errorf("sent %d, %d of them with a digest; want %d", sent, withDigest, tt.sent)
			}
		})
	}
}

// TestGranted reads what registrars answer a REGISTER.
func TestGranted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply func(own message.Address) sip.Reply
		want  time.Duration
	}{
		{"our contact", func(own message.Address) sip.Reply {
			other := message.Address{URI: uri(t, "sip:other@127.0.0.1"), Params: message.Params{{Name: "expires", Value: "7"}}}
			own.Params = message.Params{{Name: "expires", Value: "600"}}
			return sip.Reply{Contacts: []message.Address{other, own}}
		}, 10 * time.Minute},
		{"our contact, rewritten", func(message.Address) sip.Reply {
			return sip.Reply{Contacts: []message.Address{{URI: uri(t, "sip:us@198.51.100.1:9"), Params: message.Params{{Name: "expires", Value: "600"}}}}}
		}, 10 * time.Minute},
		{"Expires header", func(own message.Address) sip.Reply {
			own.Params = nil
			return sip.Reply{Contacts: []message.Address{own}, Headers: []message.Header{{Name: "Expires", Value: "600"}}}
		}, 10 * time.Minute},
		{"nothing", func(message.Address) sip.Reply { return sip.Reply{} }, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, func(in *sip.IncomingRequest) {
				own, err := in.Request().Contacts()
				if err != nil || len(own) != 1 {
					t.Errorf("contacts %v, %v", own, err)
					return
				}
				_ = in.Respond(tt.reply(own[0])) // the trunk tells
			}, "udp")
			r, states := trunkTo(t, s, "udp", "secret", nil)
			if st := <-states; time.Until(st.Expires) > tt.want || time.Until(st.Expires) < tt.want-time.Minute {
				t.Errorf("granted until %v, want %v", time.Until(st.Expires), tt.want)
			}
			stop(t, r)
		})
	}
}
