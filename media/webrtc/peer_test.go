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
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

func TestAnswer(t *testing.T) {
	for _, test := range []struct {
		name   string
		codecs []*media.Codec
		want   *media.Codec
	}{
		{"opus", []*media.Codec{opus, pcmu}, opus},
		{"PCMU", []*media.Codec{pcmu}, pcmu},
		{"G722 before PCMA", []*media.Codec{pcma, g722}, g722},
	} {
		for _, way := range []string{"complete", "trickle"} {
			t.Run(test.name+" "+way, func(t *testing.T) {
				o, r := newPeer(t, testAPI(t)), newRemote(t, test.codecs...)
				trickling := way == "trickle"
				answer, err := o.Answer(context.Background(), r.offer(t, trickling, nil), trickling)
				if err != nil {
					t.Fatal(err)
				}
				r.setAnswer(t, answer)
				if trickling {
					trickle(t, o, r)
				}
				o.await(t, StateConnected)
				if got := o.Media().Send.Codec; got != test.want {
					t.Errorf("we send %v", o.Media().Send)
				}
				if o.Media().AudioLevel == 0 {
					t.Error("no audio level agreed")
				}
				speak(t, o, r, "hello")
			})
		}
	}
}

func TestOffer(t *testing.T) {
	for _, test := range []struct {
		name   string
		codecs []*media.Codec
		want   media.Format
	}{
		{"opus", []*media.Codec{opus, pcmu}, media.Format{Codec: opus, PayloadType: 111}},
		{"PCMU", []*media.Codec{pcmu}, media.Format{Codec: pcmu, PayloadType: 0}},
	} {
		for _, way := range []string{"complete", "trickle"} {
			t.Run(test.name+" "+way, func(t *testing.T) {
				o, r := newPeer(t, testAPI(t)), newRemote(t, test.codecs...)
				trickling := way == "trickle"
				offer, err := o.Offer(context.Background(), trickling)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := o.Offer(context.Background(), trickling); fault.Of(err) != fault.Conflict {
					t.Errorf("a second offer: %v", err)
				}
				if _, err := o.Answer(context.Background(), "v=0\r\n", true); fault.Of(err) != fault.Conflict {
					t.Errorf("an offer of theirs meanwhile: %v", err)
				}
				if err := o.SetAnswer(r.answer(t, offer, trickling)); err != nil {
					t.Fatal(err)
				}
				if trickling {
					trickle(t, o, r)
				}
				o.await(t, StateConnected)
				if got := o.Media().Send; got.Codec != test.want.Codec || got.PayloadType != test.want.PayloadType {
					t.Errorf("we send %v, want %v", got, test.want)
				}
				speak(t, o, r, "hello")
			})
		}
	}
}

// Hold and resume, from either side, in every direction; the sound comes back
// each time, on the same connection.
func TestHold(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	speak(t, o, r, "first")
	for _, theirs := range []media.Direction{media.SendOnly, media.Inactive, media.RecvOnly} {
		t.Run("theirs "+theirs.String(), func(t *testing.T) {
			offer := r.offer(t, false, nil)
			answer, err := o.Answer(context.Background(), replaced(t, offer, "a=sendrecv", "a="+theirs.String()), false)
			if err != nil {
				t.Fatal(err)
			}
			if want := "a=" + theirs.Reverse().String() + "\r\n"; !strings.Contains(answer, want) {
				t.Errorf("no %q in\n%s", want, answer)
			}
			if got := o.Media().Direction; got != theirs.Reverse() {
				t.Errorf("direction %v", got)
			}
			before := o.Stats()
			if err := o.WriteRTP(make([]byte, 12)); err != nil {
				t.Error(err)
			}
			if sent := o.Stats().PacketsSent - before.PacketsSent; sent > 0 && !theirs.Receives() {
				t.Errorf("%d packets went to a peer that holds us", sent)
			}
			// Browsers leave their source out of an inactive section.
			r.setAnswer(t, replaced(t, answer, "a="+theirs.Reverse().String(), "a=sendrecv"))
			offer = r.offer(t, false, nil)
			if answer, err = o.Answer(context.Background(), offer, false); err != nil {
				t.Fatal(err)
			}
			r.setAnswer(t, answer)
			speak(t, o, r, "after "+theirs.String())
		})
	}
	t.Run("ours", func(t *testing.T) {
		for _, wish := range []media.Direction{media.SendOnly, media.Inactive, media.SendRecv} {
			o.SetDirection(wish)
			offer, err := o.Offer(context.Background(), false)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(offer, "a="+wish.String()+"\r\n") {
				t.Errorf("no a=%v in\n%s", wish, offer)
			}
			// The remote stays sendrecv and answers as it hears.
			answer := r.answer(t, replaced(t, offer, "a="+wish.String(), "a=sendrecv"), false)
			if err := o.SetAnswer(replaced(t, answer, "a=sendrecv", "a="+wish.Reverse().String())); err != nil {
				t.Fatal(err)
			}
			if got := o.Media().Direction; got != wish {
				t.Errorf("direction %v, want %v", got, wish)
			}
		}
		speak(t, o, r, "after ours")
	})
}

func TestHoldDropsWhatArrives(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, pcmu)
	connect(t, o, r)
	speak(t, o, r, "hello")
	if _, err := o.Answer(context.Background(), replaced(t, r.offer(t, false, nil), "a=sendrecv", "a=inactive"), false); err != nil {
		t.Fatal(err)
	}
	before := o.Stats().PacketsRefused
	eventually(t, "a packet is refused", func() bool {
		if _, err := r.track.Write(packet(t, headerOf(0, 60000), "held")); err != nil {
			t.Fatal(err)
		}
		return o.Stats().PacketsRefused > before
	})
}

func TestICERestart(t *testing.T) {
	t.Run("theirs", func(t *testing.T) {
		o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
		connect(t, o, r)
		first := parameter(t, r.RemoteDescription().SDP, "ice-ufrag")
		answer, err := o.Answer(context.Background(), r.offer(t, false, &pion.OfferOptions{ICERestart: true}), false)
		if err != nil {
			t.Fatal(err)
		}
		if parameter(t, answer, "ice-ufrag") == first {
			t.Error("our ufrag stayed")
		}
		r.setAnswer(t, answer)
		o.await(t, StateConnected)
		speak(t, o, r, "again")
	})
	t.Run("ours", func(t *testing.T) {
		o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
		connect(t, o, r)
		first := parameter(t, r.RemoteDescription().SDP, "ice-ufrag")
		offer, err := o.Restart(context.Background(), false)
		if err != nil {
			t.Fatal(err)
		}
		if parameter(t, offer, "ice-ufrag") == first {
			t.Error("our ufrag stayed")
		}
		if err := o.Rollback(); fault.Of(err) != fault.Conflict {
			t.Errorf("rolled back a restart: %v", err)
		}
		if err := o.SetAnswer(r.answer(t, offer, false)); err != nil {
			t.Fatal(err)
		}
		o.await(t, StateConnected)
		speak(t, o, r, "again")
	})
}

func TestRollback(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	if err := o.Rollback(); fault.Of(err) != fault.Conflict {
		t.Errorf("without an offer: %v", err)
	}
	connect(t, o, r)
	if _, err := o.Offer(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	if err := o.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := o.SetAnswer("v=0\r\n"); fault.Of(err) != fault.Conflict {
		t.Errorf("an answer to an offer taken back: %v", err)
	}
	// Theirs goes through now, and another one of ours.
	answer, err := o.Answer(context.Background(), r.offer(t, false, nil), false)
	if err != nil {
		t.Fatal(err)
	}
	r.setAnswer(t, answer)
	offer, err := o.Offer(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.SetAnswer(r.answer(t, offer, false)); err != nil {
		t.Fatal(err)
	}
	speak(t, o, r, "hello")
}

// An offer with video and data connects its audio; the others are refused, and
// stay refused in an offer of ours.
func TestVideoAndDataAreRefused(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	if _, err := r.CreateDataChannel("chat", nil); err != nil {
		t.Fatal(err)
	}
	connect(t, o, r)
	offer, err := o.Offer(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(offer, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel") {
		t.Errorf("data is gone from, or alive in\n%s", offer)
	}
	if err := o.SetAnswer(r.answer(t, offer, false)); err != nil {
		t.Fatal(err)
	}
	speak(t, o, r, "hello")
}

func TestWrongFingerprintFails(t *testing.T) {
	for _, way := range []string{"answer", "offer"} {
		t.Run(way, func(t *testing.T) {
			o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
			other := newRemote(t, opus)
			wrong := parameter(t, other.offer(t, true, nil), "fingerprint")
			if way == "answer" {
				offer := r.offer(t, false, nil)
				answer, err := o.Answer(context.Background(), replaced(t, offer, parameter(t, offer, "fingerprint"), wrong), false)
				if err != nil {
					t.Fatal(err)
				}
				r.setAnswer(t, answer)
			} else {
				offer, err := o.Offer(context.Background(), false)
				if err != nil {
					t.Fatal(err)
				}
				answer := r.answer(t, offer, false)
				if err := o.SetAnswer(replaced(t, answer, parameter(t, answer, "fingerprint"), wrong)); err != nil {
					t.Fatal(err)
				}
			}
			awaitFailure(t, o)
			if err := o.Err(); fault.Of(err) != fault.Forbidden {
				t.Errorf("failed with %v (%v)", err, fault.Of(err))
			}
			if err := o.WriteRTP(make([]byte, 12)); fault.Of(err) != fault.Unavailable {
				t.Errorf("a failed peer sends: %v", err)
			}
		})
	}
}

func TestNewCertificateWithinSession(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	other := parameter(t, newRemote(t, opus).offer(t, true, nil), "fingerprint")
	offer := r.offer(t, false, nil)
	_, err := o.Answer(context.Background(), replaced(t, offer, parameter(t, offer, "fingerprint"), other), false)
	if fault.Of(err) != fault.NotAcceptable {
		t.Fatal(err)
	}
	speak(t, o, r, "unharmed")
}

func TestNoPathFails(t *testing.T) {
	a := testAPI(t, func(c *Config) {
		c.DisconnectedTimeout, c.FailedTimeout, c.KeepaliveInterval = 50*time.Millisecond, 50*time.Millisecond, 20*time.Millisecond
	})
	o, r := newPeer(t, a), newRemote(t, opus)
	if _, err := o.Answer(context.Background(), r.offer(t, true, nil), true); err != nil {
		t.Fatal(err)
	}
	awaitFailure(t, o)
	if err := o.Err(); fault.Of(err) != fault.Unreachable {
		t.Errorf("failed with %v", err)
	}
}

func TestClose(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		a := testAPI(t)
		o, r := newPeer(t, a), newRemote(t, opus)
		connect(t, o, r)
		offer := r.offer(t, true, nil)
		o.Close()
		o.Close()
		<-o.Done()
		o.awaitLast(t, StateClosed)
		if n := a.Peers(); n != 0 {
			t.Errorf("%d peers left", n)
		}
		for name, err := range map[string]error{
			"AddCandidate": o.AddCandidate(Candidate{Candidate: "candidate:1 1 udp 1 127.0.0.1 1000 typ host"}),
			"SetAnswer":    func() error { _, err := o.Offer(context.Background(), true); return err }(),
			"Answer": func() error {
				_, err := o.Answer(context.Background(), offer, false)
				return err
			}(),
		} {
			if fault.Of(err) != fault.Gone {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("theirs", func(t *testing.T) {
		o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
		connect(t, o, r)
		r.close()
		o.awaitLast(t, StateClosed)
		<-o.Done()
	})
	t.Run("from a callback", func(t *testing.T) {
		var o *observed
		o = newPeer(t, testAPI(t), func(c *PeerConfig) {
			c.OnState = func(s State) {
				o.states <- s
				if s == StateConnecting {
					o.Close()
				}
			}
		})
		r := newRemote(t, opus)
		if _, err := o.Answer(context.Background(), r.offer(t, false, nil), true); err != nil && fault.Of(err) != fault.Gone {
			t.Fatal(err)
		}
		<-o.Done()
	})
	t.Run("while gathering", func(t *testing.T) {
		o := newPeer(t, testAPI(t))
		o.Close()
		if _, err := o.Offer(context.Background(), false); fault.Of(err) != fault.Gone {
			t.Error(err)
		}
		<-o.Done()
	})
	t.Run("API", func(t *testing.T) {
		a := testAPI(t)
		o, r := newPeer(t, a), newRemote(t, opus)
		connect(t, o, r)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		<-o.Done()
		if _, err := a.NewPeer(PeerConfig{}); fault.Of(err) != fault.Unavailable {
			t.Error(err)
		}
	})
}

// awaitLast is await for the last state, which may follow a failure.
func (o *observed) awaitLast(t testing.TB, want State) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case s := <-o.states:
			if s == want {
				return
			}
		case <-deadline:
			t.Fatalf("no state %v", want)
		}
	}
}

// A panic in the owner's code ends that peer and no other.
func TestCallbackPanic(t *testing.T) {
	for _, where := range []string{"packets", "state", "candidate"} {
		t.Run(where, func(t *testing.T) {
			a := testAPI(t)
			healthy, healthyRemote := newPeer(t, a), newRemote(t, opus)
			connect(t, healthy, healthyRemote)
			o := newPeer(t, a, func(c *PeerConfig) {
				switch where {
				case "packets":
					c.Packets = func([]byte, time.Time) { panic("packets") }
				case "state":
					c.OnState = func(s State) {
						if s == StateConnected {
							panic("state")
						}
					}
				case "candidate":
					c.OnCandidate = func(Candidate) { panic("candidate") }
				}
			})
			r := newRemote(t, opus)
			answer, err := o.Answer(context.Background(), r.offer(t, false, nil), false)
			if err != nil {
				t.Fatal(err)
			}
			r.setAnswer(t, answer)
			n := uint16(0)
			eventually(t, "the peer ends", func() bool {
				n++
				_ = r.track.WriteRTP(rtpPacket(n))
				select {
				case <-o.Done():
					return true
				default:
					return false
				}
			})
			if fault.Of(o.Err()) != fault.Internal || o.Err() == nil {
				t.Errorf("failed with %v", o.Err())
			}
			speak(t, healthy, healthyRemote, "unharmed")
		})
	}
}

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
