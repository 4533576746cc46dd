package webrtc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

// Twenty peers on one port hear each their own remote.
func TestSharedPort(t *testing.T) {
	a := testAPI(t)
	var wg sync.WaitGroup
	for i := range 20 {
		o, r := newPeer(t, a), newRemote(t, opus)
		offer := r.offer(t, false, nil)
		wg.Go(func() {
			answer, err := o.Answer(context.Background(), offer, false)
			if err != nil {
				t.Error(err)
				return
			}
			if !strings.Contains(answer, fmt.Sprintf(" %d typ host", a.Addr().Port())) {
				t.Errorf("another port in\n%s", answer)
			}
			if err := r.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}); err != nil {
				t.Error(err)
				return
			}
			o.await(t, StateConnected)
			speak(t, o, r, fmt.Sprintf("call %d", i))
		})
	}
	wg.Wait()
	if n := a.Peers(); n != 20 {
		t.Errorf("%d peers", n)
	}
}

func TestPortInUse(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		t.Run(network, func(t *testing.T) {
			var taken string
			if network == "tcp" {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				taken = l.Addr().String()
			} else {
				c, err := net.ListenPacket("udp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				taken = c.LocalAddr().String()
			}
			config := Default()
			config.Listen = taken
			a, err := New(config, all, testLog())
			if err == nil {
				a.Close()
			}
			if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), taken) {
				t.Errorf("%v, want %s in use", err, taken)
			}
		})
	}
}

func TestAnAPIThatIsOffMakesNoPeers(t *testing.T) {
	a := Off(testLog())
	if _, err := a.NewPeer(PeerConfig{Codecs: all}); fault.Of(err) != fault.Unavailable {
		t.Errorf("a peer: %v", err)
	}
	if a.Addr().IsValid() || a.Peers() != 0 {
		t.Errorf("address %v, %d peers", a.Addr(), a.Peers())
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestPeerLimit(t *testing.T) {
	a := testAPI(t, func(c *Config) { c.MaxPeers = 1 })
	o := newPeer(t, a)
	if _, err := a.NewPeer(PeerConfig{}); fault.Of(err) != fault.Unavailable {
		t.Errorf("a second peer: %v", err)
	}
	o.Close()
	<-o.Done()
	newPeer(t, a)
}

func TestExternalIP(t *testing.T) {
	addrs, err := mux.LocalAddresses(netip.MustParseAddr("0.0.0.0"), false)
	if err != nil {
		t.Skip(err)
	}
	a := testAPI(t, func(c *Config) {
		c.Listen = "0.0.0.0:0"
		c.Loopback = true
		c.ExternalIP = []netip.Addr{netip.MustParseAddr("192.0.2.99")}
	})
	o := newPeer(t, a)
	offer, err := o.Offer(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	port := a.Addr().Port()
	for _, want := range []string{fmt.Sprintf(" 192.0.2.99 %d typ host", port), fmt.Sprintf(" 127.0.0.1 %d typ host", port)} {
		if !strings.Contains(offer, want) {
			t.Errorf("no %q in\n%s", want, offer)
		}
	}
	for _, local := range addrs {
		if strings.Contains(offer, " "+local.String()+" ") {
			t.Errorf("local address %s in\n%s", local, offer)
		}
	}

	// Peers that are made later are told the address of that time.
	if err := a.SetExternalIP(netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")); fault.Of(err) != fault.Invalid {
		t.Errorf("two of a family: %v", err)
	}
	if err := a.SetExternalIP(netip.MustParseAddr("192.0.2.98")); err != nil {
		t.Fatal(err)
	}
	if offer, err = newPeer(t, a).Offer(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(offer, fmt.Sprintf(" 192.0.2.98 %d typ host", port)) || strings.Contains(offer, "192.0.2.99") {
		t.Errorf("the address of before in\n%s", offer)
	}
	if err := a.SetExternalIP(); err != nil {
		t.Fatal(err)
	}
	if offer, err = newPeer(t, a).Offer(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(offer, " 192.0.2.98 ") {
		t.Errorf("the address of before in\n%s", offer)
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	a := testAPI(t)
	first, err := a.currentCertificate()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, test := range []struct {
		age  time.Duration
		same bool
	}{{certificateLife / 3, true}, {certificateLife, false}} {
		a.now = func() time.Time { return start.Add(test.age) }
		next, err := a.currentCertificate()
		if err != nil {
			t.Fatal(err)
		}
		if (next == first) != test.same {
			t.Errorf("after %v: same %v, want %v", test.age, next == first, test.same)
		}
		if left := next.Expires().Sub(a.now()); left < certificateLife/3 {
			t.Errorf("after %v: valid for %v only", test.age, left)
		}
	}
}
