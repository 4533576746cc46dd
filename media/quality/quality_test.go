package quality

import (
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
)

// The rows of G.113 Appendix I (narrowband, random loss) and of Appendix IV and V.
var (
	g711    = media.Impairment{Ie: 0, Bpl: 4.3}
	g711PLC = media.Impairment{Ie: 0, Bpl: 25.1}
	g729A   = media.Impairment{Ie: 11, Bpl: 19}
	g7231   = media.Impairment{Ie: 15, Bpl: 16.1}
	gsmEFR  = media.Impairment{Ie: 5, Bpl: 10}
	amrWB   = media.Impairment{Band: media.Wideband, Ie: 13, Bpl: 4.3} // 12.65 kbit/s
	evs     = media.Impairment{Band: media.Fullband, Ie: 8.7, Bpl: 9.3}
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > within {
		t.Errorf("%s: %.4f, want %.4f ± %g", what, got, want, within)
	}
}

// TestDefaultsComeTo93Point2 computes Ro and Is from the defaults of G.107 Table 2 by
// §7.2 and §7.3, and with them the constants of the short form.
func TestDefaultsComeTo93Point2(t *testing.T) {
	const (
		slr, rlr, stmr, lstr, ds = 8.0, 2.0, 15.0, 18.0, 3.0
		telr, nc, nfor, ps, pr   = 65.0, -70.0, -64.0, 35.0, 35.0
		qdu                      = 1.0
	)
	square := func(v float64) float64 { return v * v }
	power := func(db float64) float64 { return math.Pow(10, db/10) }
	olr := slr + rlr
	pre := pr + 10*math.Log10(1+power(10-lstr))
	nos := ps - slr - ds - 100 + 0.004*square(ps-olr-ds-14)
	nor := rlr - 121 + pre + 0.008*square(pre-35)
	no := 10 * math.Log10(power(nc)+power(nos)+power(nor)+power(nfor+rlr))
	ro := 15 - 1.5*(slr+no)
	near(t, "No", no, -61.18, 0.005)
	near(t, "Ro", ro, ratio, 0.0005)

	root := func(v, n float64) float64 { return math.Pow(1+math.Pow(v, n), 1/n) }
	xolr := olr + 0.2*(64+no-rlr)
	iolr := 20 * (root(xolr/8, 8) - xolr/8)
	stmro := -10 * math.Log10(power(-stmr)+power(-telr))
	ist := 12*root((stmro-13)/6, 8) - 28*root((stmro+1)/19.4, 35) - 13*root((stmro-3)/33, 13) + 29
	q := 37 - 15*math.Log10(qdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	iq := 15 * math.Log10(1+math.Pow(10, (ro-100)/15+46/8.4-g/9)+math.Pow(10, 46.0/30-g/40))
	near(t, "Is", iolr+ist+iq, 1.4136, 0.0005)

	near(t, "R", ro-(iolr+ist+iq)-undelayed, scales[media.Narrowband].top, 0.05)
}

// TestMeanOpinion holds Annex B against its table of guidance, with the limits of
// G.109's categories.
func TestMeanOpinion(t *testing.T) {
	for _, c := range []struct{ r, mos float64 }{
		{-10, 1}, {0, 1}, {3, 1}, {50, 2.58}, {60, 3.10}, {70, 3.60}, {80, 4.03}, {90, 4.34}, {93.2, 4.41}, {100, 4.5}, {129, 4.5},
	} {
		near(t, "MOS", meanOpinion(c.r), c.mos, 0.01)
	}
}

// TestLoss holds Ie,eff against what G.113 Appendix I lists by percentage of random
// loss. Bpl is a fit to these, so they are met within two or three.
func TestLoss(t *testing.T) {
	for _, c := range []struct {
		name   string
		codec  media.Impairment
		within float64
		listed map[float64]float64
	}{
		{"G.729A with VAD", g729A, 0.6, map[float64]float64{0: 11, 0.5: 13, 1: 15, 1.5: 17, 2: 19, 3: 23, 4: 26, 8: 36, 16: 49}},
		{"G.711 with PLC", g711PLC, 3, map[float64]float64{0: 0, 1: 5, 2: 7, 3: 10, 5: 15, 7: 20, 10: 25, 15: 35, 20: 45}},
		{"G.723.1 6.3k", g7231, 0.5, map[float64]float64{0: 15}},
		{"GSM-EFR", gsmEFR, 0.5, map[float64]float64{0: 5}},
	} {
		for percent, ie := range c.listed {
			near(t, c.name, lossImpairment(scales[c.codec.Band], c.codec, Path{Loss: percent / 100}), ie, c.within)
		}
	}
}

func TestDelay(t *testing.T) {
	// Cole and Rosenbluth fitted two lines to §7.4 with the defaults.
	for ms := 0.0; ms <= 300; ms += 10 {
		lines := 0.024*ms + 0.11*max(0, ms-177.3)
		near(t, "Id", delayImpairment(time.Duration(ms)*time.Millisecond), lines, 2.2)
	}
	near(t, "Idd at mT", absoluteDelay(100), 0, 0)
	near(t, "Idd at four mT", absoluteDelay(400), 24.06, 0.05)
	previous := 0.0
	for ms := time.Duration(0); ms < 1000; ms++ {
		d := delayImpairment(ms * time.Millisecond)
		if d < previous {
			t.Fatalf("%d ms cost %g, one less %g", ms, d, previous)
		}
		previous = d
	}
}

func TestRate(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name           string
		codec          media.Impairment
		path           Path
		r, mos, within float64
	}{
		{"nothing is wrong", g711PLC, Path{}, 93.2, 4.41, 0.005},
		{"G.729A", g729A, Path{}, 82.2, 4.10, 0.03},
		{"no concealment", g711, Path{Loss: 0.01}, 75.28, 3.84, 0.01},
		{"concealment", g711PLC, Path{Loss: 0.01}, 89.56, 4.33, 0.01},
		{"5 % and the delay of 30 ms of jitter", g711PLC, Path{Loss: 0.05, Delay: 80 * ms}, 75.6, 3.85, 0.5},
		{"loss in bursts of twice the length", g711PLC, Path{Loss: 0.05, BurstRatio: 2}, 75.99, 3.87, 0.01},
		{"a burst ratio below random", g711PLC, Path{Loss: 0.05, BurstRatio: 0.5}, 77.42, 3.93, 0.01},
		{"wideband, G.107.1 Annex A", amrWB, Path{}, 116, 4.337, 0.005},
		{"wideband with loss, (7-15)", media.Impairment{Band: media.Wideband, Ie: 20, Bpl: 4.3}, Path{Loss: 0.02}, 85.19, 3.406, 0.005},
		{"fullband", evs, Path{}, 139.3, 4.424, 0.005},
		{"fullband with loss", media.Impairment{Band: media.Fullband, Bpl: 4.3}, Path{Loss: 0.01}, 123.09, 4.138, 0.005},
		{"all is lost", g711PLC, Path{Loss: 1}, 17.26, 1.0, 0.3},
		{"more than all", g711PLC, Path{Loss: 7}, 17.26, 1.0, 0.3},
		{"an hour", g711PLC, Path{Loss: 1, Delay: time.Hour}, 0, 1, 0},
		{"counters that went back", g711PLC, Path{Loss: -1, Delay: -ms}, 93.2, 4.41, 0.005},
	} {
		s, ok := Rate(c.codec, c.path)
		if !ok || s.Band != c.codec.Band {
			t.Errorf("%s: %+v %v", c.name, s, ok)
		}
		near(t, c.name+": R", s.R, c.r, max(c.within, 0.01))
		near(t, c.name+": MOS", s.MOS, c.mos, c.within)
	}
	if s, ok := Rate(media.Impairment{}, Path{}); ok {
		t.Errorf("a codec of which nothing is known: %+v", s)
	}
	if s, ok := Rate(media.Impairment{Band: 7, Bpl: 1}, Path{}); ok {
		t.Errorf("no such band: %+v", s)
	}
}

func BenchmarkRate(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		Rate(g711PLC, Path{Loss: 0.01, Delay: 60 * time.Millisecond})
	}
}
