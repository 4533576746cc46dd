package webrtc

import (
	"context"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

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
