package mixer

import (
	"fmt"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	emodel "github.com/skygenesisenterprise/skybridge/media/quality"
)

// The figures of these tests are in docs/quality.md; the bounds leave each a margin for
// another version of libopus or of the synthesiser.

// measured is how much speech each figure is taken from, in samples: three sentences.
const measured = 8 * mediatest.SpeechRate

// Speech through chains of codecs, each step transcoded by a pair.
func TestQualityOfChains(t *testing.T) {
	speech := mediatest.Synthetic(t, "en-us")[:measured]
	mulaw, alaw, wide, op := formatOf(g711.MuLaw()), formatOf(g711.ALaw()), formatOf(g722.Codec()), formatOf(opus.Codec())
	plain := formatOf(l16.Wideband())
	for _, tt := range []struct {
		name  string
		chain []media.Format
		band  mediatest.Band
		lsd   float64 // at most
		snr   float64 // at least; 0 where the delay is no whole number of samples, and with Opus
	}{
		{"L16 → G.711µ → L16", []media.Format{plain, mulaw, plain}, mediatest.Narrowband, 0.9, 18},
		{"L16 → G.722 → L16", []media.Format{plain, wide, plain}, mediatest.Wideband, 1.8, 24},
		{"L16 → Opus → L16", []media.Format{plain, op, plain}, mediatest.Wideband, 3.5, 0},
		{"G.711µ → G.722", []media.Format{mulaw, wide}, mediatest.Narrowband, 1.5, 0},
		{"G.711µ → G.722 → Opus", []media.Format{mulaw, wide, op}, mediatest.Narrowband, 3.5, 0},
		{"Opus → G.722 → G.711A", []media.Format{op, wide, alaw}, mediatest.Narrowband, 3.7, 0},
		{"G.722 → Opus → G.722", []media.Format{wide, op, wide}, mediatest.Wideband, 4, 0},
	} {
		packets := said(t, speech, tt.chain[0], media.EncoderConfig{})
		for i := range len(tt.chain) - 1 {
			p := carry(t, packets, tt.chain[i], tt.chain[i+1], mediatest.Impairment{})
			packets = p.out
			// What is made up follows the last packet, when nobody speaks any more.
			if p.stats.Concealed > 4 {
				t.Errorf("%s: step %d made up %d frames", tt.name, i, p.stats.Concealed)
			}
		}
		q := measure(speech, heard(t, packets, tt.chain[len(tt.chain)-1]), tt.band)
		t.Logf("| %s | %.1f | %.2f |", tt.name, q.snr, q.lsd)
		if q.lsd > tt.lsd || q.snr < tt.snr || q.clicks > 3 || q.longest > 10*time.Millisecond {
			t.Errorf("%s: %+v", tt.name, q)
		}
	}
}

// Speech under loss, alone and in bursts of two, with and without redundancy.
func TestQualityUnderLoss(t *testing.T) {
	speech := mediatest.Synthetic(t, "en-us")[:measured]
	plain := formatOf(l16.Wideband())
	most := make(map[string]float64) // distance at 20 %
	for _, tt := range []struct {
		name  string
		codec *media.Codec
		fec   bool
		band  mediatest.Band
		lsd   [5]float64 // at most, for each of the losses
	}{
		{"G.711", g711.MuLaw(), false, mediatest.Narrowband, [5]float64{1, 1.2, 1.9, 2.4, 3.5}},
		{"G.722", g722.Codec(), false, mediatest.Wideband, [5]float64{1.8, 2.2, 2.9, 3.4, 4.6}},
		{"Opus", opus.Codec(), false, mediatest.Wideband, [5]float64{3.5, 3.7, 4.3, 4.8, 6.2}},
		{"Opus, FEC", opus.Codec(), true, mediatest.Wideband, [5]float64{3.5, 3.9, 4.5, 4.7, 5.2}},
	} {
		f := formatOf(tt.codec)
		sent := said(t, speech, f, media.EncoderConfig{})
		for i, percent := range []int{0, 1, 5, 10, 20} {
			if tt.fec { // and the encoder is told of the loss
				sent = said(t, speech, f, media.EncoderConfig{FEC: true, LossPct: int8(percent)})
			}
			for name, loss := range map[string]mediatest.Loss{
				"alone":     mediatest.RandomLoss(float64(percent) / 100),
				"in bursts": mediatest.BurstLoss(float64(percent)/100, 2),
			} {
				if name == "in bursts" && (percent != 20 || tt.codec == g722.Codec()) {
					continue
				}
				p := carry(t, sent, f, plain, mediatest.Impairment{
					Seed: 7, Delay: 40 * time.Millisecond, Jitter: 10 * time.Millisecond, MaxJitter: 30 * time.Millisecond, Loss: loss,
				})
				q := measure(speech, heard(t, p.out, plain), tt.band)
				mos := opinion(t, 80*time.Millisecond+p.most, p.lost())
				t.Logf("| %s | %d %%, %s | %d | %d | %.2f | %v | %d | MOS %.2f", tt.name, percent, name, p.counts.Lost, p.stats.Concealed, q.lsd,
					q.longest.Round(time.Millisecond), q.clicks, mos)
				if name == "alone" {
					most[tt.name] = q.lsd
				}
				if name == "alone" && q.lsd > tt.lsd[i] {
					t.Errorf("%s at %d %%: a distance of %.2f dB, want at most %.2f", tt.name, percent, q.lsd, tt.lsd[i])
				}
				// One frame is made up for each that is lost, and few more.
				if most := p.counts.Lost + p.counts.Lost/10 + 8; int(p.stats.Concealed) > most {
					t.Errorf("%s at %d %%, %s: %d frames are made up for %d lost", tt.name, percent, name, p.stats.Concealed, p.counts.Lost)
				}
				if percent <= 5 && tt.codec == g711.MuLaw() && mos < 3.5 {
					t.Errorf("%s at %d %%, %s: MOS %.2f", tt.name, percent, name, mos)
				}
				if p.most > 100*time.Millisecond {
					t.Errorf("%s at %d %%, %s: %v are held", tt.name, percent, name, p.most)
				}
			}
		}
	}
	if with, without := most["Opus, FEC"], most["Opus"]; with > without-0.3 {
		t.Errorf("at 20 %% the distance is %.2f dB with FEC, %.2f dB without", with, without)
	}
}

// opinion is the mean opinion score of a G.711 call with a delay from mouth to ear and a
// share of packets lost, or late.
func opinion(t *testing.T, delay time.Duration, loss float64) float64 {
	t.Helper()
	score, ok := emodel.Rate(g711.MuLaw().Impairment, emodel.Path{Loss: loss, Delay: delay})
	if !ok {
		t.Fatal("G.711 is not rated")
	}
	return score.MOS
}

// Speech under jitter, in a queue and with packets that overtake.
func TestQualityUnderJitter(t *testing.T) {
	speech := mediatest.Synthetic(t, "en-us")[:measured]
	plain := formatOf(l16.Wideband())
	f := formatOf(g711.MuLaw())
	sent := said(t, speech, f, media.EncoderConfig{})
	const ms = time.Millisecond
	for _, tt := range []struct {
		peak     time.Duration
		overtake bool
		late     uint64  // at most
		lsd, mos float64 // at most, at least
	}{
		{30 * ms, false, 0, 1, 4.2}, {60 * ms, false, 0, 1, 4.2}, {100 * ms, false, 0, 1, 4.2}, {150 * ms, false, 0, 1.1, 4.1}, {200 * ms, false, 0, 1.2, 3.9},
		{30 * ms, true, 0, 1, 4.2}, {60 * ms, true, 2, 1, 4.2}, {100 * ms, true, 4, 1.3, 4.1}, {150 * ms, true, 6, 1.7, 4}, {200 * ms, true, 8, 2, 3.8},
	} {
		name := fmt.Sprintf("%v, overtaking %v", tt.peak, tt.overtake)
		p := carry(t, sent, f, plain, mediatest.Impairment{Seed: 7, Jitter: tt.peak / 4, MaxJitter: tt.peak, Overtake: tt.overtake})
		q := measure(speech, heard(t, p.out, plain), mediatest.Narrowband)
		mos := opinion(t, 40*ms+p.most, p.lost())
		t.Logf("| %s | %d | %d | %v | %.2f | %v | %d | %.2f |", name, p.stats.Late, p.stats.Concealed, p.most, q.lsd,
			q.longest.Round(ms), q.clicks, mos)
		if p.stats.Late > tt.late || q.lsd > tt.lsd || mos < tt.mos || p.most > 240*ms {
			t.Errorf("%s: %+v, MOS %.2f, %v held, %d late", name, q, mos, p.most, p.stats.Late)
		}
	}
}

// The line that a call must stay usable on: 5 % of loss, and jitter with a deviation of 30 ms.
func TestQualityOfABadLine(t *testing.T) {
	speech := mediatest.Synthetic(t, "en-us")
	f, plain := formatOf(g711.MuLaw()), formatOf(l16.Wideband())
	p := carry(t, said(t, speech, f, media.EncoderConfig{}), f, plain, mediatest.Impairment{
		Seed: 9, Delay: 40 * time.Millisecond, Jitter: 30 * time.Millisecond, MaxJitter: 90 * time.Millisecond, Loss: mediatest.RandomLoss(0.05),
	})
	q := measure(speech, heard(t, p.out, plain), mediatest.Narrowband)
	// From mouth to ear: a frame is sent when it has been spoken, and the listener's phone
	// holds one more.
	delay := p.out[0].At + q.delay + 2*media.FrameDuration
	mos := opinion(t, delay, p.lost())
	t.Logf("%d of %d lost, %d late, %d made up, %v held, %v from mouth to ear, distance %.2f dB, gap of %v, MOS %.2f", p.counts.Lost,
		p.counts.Sent, p.stats.Late, p.stats.Concealed, p.most, delay, q.lsd, q.longest, mos)
	if p.lost() < 0.05 {
		t.Errorf("only %.1f %% are lost: the line is too good", 100*p.lost())
	}
	if mos < 3.5 || q.lsd > 2.3 {
		t.Errorf("MOS %.2f, a distance of %.2f dB", mos, q.lsd)
	}
}
