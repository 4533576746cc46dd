package webrtc

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
)

// BenchmarkJoin is the time from a browser's wish to join to the first audio on both sides,
// on loopback, with candidates as they are found. Who offers is who joins, or the server:
//
//	go test -run '^$' -bench BenchmarkJoin -benchtime 50x ./media/webrtc
func BenchmarkJoin(b *testing.B) {
	for _, c := range []struct {
		name      string
		negotiate func(testing.TB, *observed, *remote)
		hidden    bool // behind names of mDNS: we learn of them by their checks
	}{
		{"theirs", answerOffer, false}, {"theirs/mdns", answerOffer, true}, {"ours", makeOffer, false}, {"ours/mdns", makeOffer, true},
	} {
		b.Run("offer="+c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				b.StopTimer()
				o, r := newPeer(b, testAPI(b)), newRemote(b, opus)
				b.StartTimer()
				began := time.Now()
				c.negotiate(b, o, r)
				firstAudio(b, o, r, c.hidden)
				took = append(took, time.Since(began))
				b.StopTimer()
				o.Close()
				<-o.Done()
				b.StartTimer()
			}
			slices.Sort(took)
			at := func(share float64) float64 { return took[int(share*float64(len(took)-1))].Seconds() * 1000 }
			b.ReportMetric(at(0.5), "p50-ms")
			b.ReportMetric(at(0.95), "p95-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func answerOffer(t testing.TB, o *observed, r *remote) {
	answer, err := o.Answer(context.Background(), r.offer(t, true, nil), true)
	if err != nil {
		t.Fatal(err)
	}
	r.setAnswer(t, answer)
}

func makeOffer(t testing.TB, o *observed, r *remote) {
	offer, err := o.Offer(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.SetAnswer(r.answer(t, offer, true)); err != nil {
		t.Fatal(err)
	}
}

// firstAudio carries candidates as they come, and a packet each way every few
// milliseconds, until one of each side has arrived.
func firstAudio(t testing.TB, o *observed, r *remote, hidden bool) {
	tick, end := time.NewTicker(2*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for ours, theirs := false, false; !ours || !theirs; {
		select {
		case c := <-o.candidates:
			if err := r.AddICECandidate(pion.ICECandidateInit{Candidate: c.Candidate, SDPMid: c.SDPMid}); err != nil {
				t.Fatal(err)
			}
		case c := <-r.found:
			if hidden {
				continue
			}
			if err := o.AddCandidate(Candidate{Candidate: c.Candidate, SDPMid: c.SDPMid}); err != nil {
				t.Fatal(err)
			}
		case <-r.packets:
			ours = true
		case <-o.packets:
			theirs = true
		case <-tick.C:
			o.spoken++
			h := headerOf(111, o.spoken)
			_ = o.WriteRTP(packet(t, h, "ours")) // not connected yet
			if err := r.track.WriteRTP(&rtp.Packet{Header: h, Payload: []byte("theirs")}); err != nil {
				t.Fatal(err)
			}
		case <-end:
			t.Fatal("no audio")
		}
	}
}
