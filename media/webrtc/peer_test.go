package webrtc

import (
	"context"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
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
				if _, err := o.Answer(context.Background(), "v=0\r\n", true); fault.Of(err) != fault.Invalid {
					t.Errorf("what is no offer of theirs meanwhile: %v", err)
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
			o.spoken++
			if err := o.WriteRTP(packet(t, headerOf(o.Media().Send.PayloadType, o.spoken), "")); err != nil {
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
	t.Run("theirs, trickled", func(t *testing.T) {
		a := testAPI(t)
		a.restartGather = patience
		o, r := newPeer(t, a), newRemote(t, opus)
		connect(t, o, r)
		answer, err := o.Answer(context.Background(), r.offer(t, false, &pion.OfferOptions{ICERestart: true}), true)
		if err != nil {
			t.Fatal(err)
		}
		// The network that would bring them later may be gone.
		if !strings.Contains(answer, "\r\na=candidate:") {
			t.Errorf("no candidates in\n%s", answer)
		}
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
		if err := o.Rollback(); err != nil {
			t.Errorf("a restart that is taken back: %v", err)
		}
		speak(t, o, r, "as before")
		if offer, err = o.Offer(context.Background(), false); err != nil {
			t.Fatal(err)
		}
		if parameter(t, offer, "ice-ufrag") == first {
			t.Error("the restart is forgotten")
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

// An offer with video and data connects its audio; the others are refused where they are
// not wanted, as by phones, and stay refused in an offer of ours.
func TestVideoAndDataAreRefusedWhereUnwanted(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	if _, err := r.AddTransceiverFromKind(pion.RTPCodecTypeVideo, pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
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
	if !strings.Contains(offer, "m=video 0 UDP/TLS/RTP/SAVPF") {
		t.Errorf("video is gone from, or alive in\n%s", offer)
	}
	if err := o.AddTrack(Track{ID: "x", Stream: "x"}); fault.Of(err) != fault.Unsupported {
		t.Errorf("video to who has none: %v", err)
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
