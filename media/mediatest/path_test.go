package mediatest

import (
	"math"
	"reflect"
	"testing"
	"time"
)

// every is n packets, one each 20 ms, that hold their number.
func every(n int) []Packet {
	sent := make([]Packet, n)
	for i := range sent {
		sent[i] = Packet{At: time.Duration(i) * 20 * time.Millisecond, Data: []byte{byte(i >> 16), byte(i >> 8), byte(i)}}
	}
	return sent
}

func number(p Packet) int { return int(p.Data[0])<<16 | int(p.Data[1])<<8 | int(p.Data[2]) }

func impair(t *testing.T, cfg Impairment, sent []Packet) ([]Packet, Counts) {
	t.Helper()
	got, counts, err := Impair(cfg, sent)
	if err != nil {
		t.Fatal(err)
	}
	return got, counts
}

// The same seed gives the same, another one something else, and the losses do not depend on
// the jitter.
func TestSeed(t *testing.T) {
	cfg := Default()
	cfg.Reorder, cfg.Duplicate, cfg.Overtake = 0.05, 0.05, true
	sent := every(5000)
	first, _ := impair(t, cfg, sent)
	second, _ := impair(t, cfg, sent)
	if !reflect.DeepEqual(first, second) {
		t.Error("one seed gives two results")
	}
	other := cfg
	other.Seed++
	if third, _ := impair(t, other, sent); reflect.DeepEqual(first, third) {
		t.Error("two seeds give one result")
	}
	lost := func(cfg Impairment) map[int]bool {
		got, _ := impair(t, cfg, sent)
		missing := make(map[int]bool)
		for i := range sent {
			missing[i] = true
		}
		for _, p := range got {
			delete(missing, number(p))
		}
		return missing
	}
	plain := Impairment{Seed: cfg.Seed, Loss: cfg.Loss}
	if a, b := lost(cfg), lost(plain); len(a) == 0 || !reflect.DeepEqual(a, b) {
		t.Errorf("%d are lost with jitter, %d without", len(a), len(b))
	}
}

func TestNothing(t *testing.T) {
	sent := every(100)
	if got, counts := impair(t, Impairment{}, sent); !reflect.DeepEqual(got, sent) || counts != (Counts{Sent: 100}) {
		t.Errorf("%+v", counts)
	}
}

// Jitter has the distribution it says it has.
func TestJitter(t *testing.T) {
	const ms = time.Millisecond
	for name, ca := range map[string]struct {
		cfg      Impairment
		mean, sd float64 // of the delay, ms
	}{
		"gamma":           {Impairment{Delay: 50 * ms, Jitter: 10 * ms, MaxJitter: time.Second}, 50 + 14.14, 10},
		"normal":          {Impairment{Delay: 80 * ms, Jitter: 10 * ms, MaxJitter: time.Second, Shape: Normal}, 80, 10},
		"clipped gamma":   {Impairment{Delay: 50 * ms, Jitter: time.Second, MaxJitter: ms}, 51, 0},
		"clipped normal":  {Impairment{Delay: 50 * ms, Jitter: time.Second, MaxJitter: ms, Shape: Normal}, 50, 1},
		"no time machine": {Impairment{Jitter: time.Second, MaxJitter: 2 * time.Nanosecond, Shape: Normal}, 0, 0},
	} {
		ca.cfg.Overtake = true
		p, err := NewPath(ca.cfg)
		if err != nil {
			t.Fatal(err)
		}
		const n = 50000
		var sum, squares float64
		for i := range n {
			at := time.Duration(i) * 20 * ms
			d := float64(p.Send(nil, at)[0]-at) / float64(ms)
			if d < 0 {
				t.Fatalf("%s: a packet arrives before it was sent", name)
			}
			sum, squares = sum+d, squares+d*d
		}
		mean := sum / n
		sd := math.Sqrt(max(squares/n-mean*mean, 0))
		if math.Abs(mean-ca.mean) > 0.2 || math.Abs(sd-ca.sd) > 0.2 {
			t.Errorf("%s: %.2f ms ± %.2f, want %.2f ± %.2f", name, mean, sd, ca.mean, ca.sd)
		}
	}
}

// Packets keep their order unless they may overtake or are held back.
func TestOrder(t *testing.T) {
	jitter := Impairment{Seed: 3, Delay: 100 * time.Millisecond, Jitter: 30 * time.Millisecond, MaxJitter: 90 * time.Millisecond}
	overtake := jitter
	overtake.Overtake = true
	held := Impairment{Seed: 3, Reorder: 0.1, ReorderBy: 30 * time.Millisecond}
	for name, ca := range map[string]struct {
		cfg  Impairment
		want func(backwards int, c Counts) bool
	}{
		"a queue":  {jitter, func(backwards int, _ Counts) bool { return backwards == 0 }},
		"overtake": {overtake, func(backwards int, _ Counts) bool { return backwards > 100 }},
		"held":     {held, func(_ int, c Counts) bool { return c.Reordered > 400 && c.Reordered < 600 }},
	} {
		got, counts := impair(t, ca.cfg, every(5000))
		backwards := 0
		for i := 1; i < len(got); i++ {
			if number(got[i]) < number(got[i-1]) {
				backwards++
			}
		}
		if len(got) != 5000 || !ca.want(backwards, counts) {
			t.Errorf("%s: %d arrive, %d after a later one, %+v", name, len(got), backwards, counts)
		}
	}
	// One that is held back for 30 ms is passed by the next one, and not by the one after it.
	p, err := NewPath(Impairment{Reorder: 1, ReorderBy: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if at := p.Send(nil, 0)[0]; at != 30*time.Millisecond {
		t.Errorf("held back until %v", at)
	}
}

// Losses have the rate and the bursts they say they have.
func TestLoss(t *testing.T) {
	for name, ca := range map[string]struct {
		loss         Loss
		rate, length float64
	}{
		"none":            {Loss{}, 0, 0},
		"1 %":             {RandomLoss(0.01), 0.01, 1 / 0.99},
		"20 %":            {RandomLoss(0.2), 0.2, 1.25},
		"5 % in bursts":   {BurstLoss(0.05, 3), 0.05, 3},
		"20 % in bursts":  {BurstLoss(0.2, 5), 0.2, 5},
		"all":             {RandomLoss(1), 1, 100000},
		"bad, not broken": {Loss{InGood: 0.01, InBad: 0.5, ToBad: 0.1, ToGood: 0.1}, 0.255, 0},
	} {
		p, err := NewPath(Impairment{Loss: ca.loss})
		if err != nil {
			t.Fatal(err)
		}
		const n = 100000
		lost, bursts, was := 0, 0, false
		for i := range n {
			is := len(p.Send(nil, time.Duration(i))) == 0
			if is {
				lost++
				if !was {
					bursts++
				}
			}
			was = is
		}
		rate, length := float64(lost)/n, float64(lost)/max(float64(bursts), 1)
		if math.Abs(rate-ca.rate) > 0.06*ca.rate || math.Abs(ca.loss.Mean()-ca.rate) > 1e-9 {
			t.Errorf("%s: %.4f are lost, %.4f expected by Mean, want %.4f", name, rate, ca.loss.Mean(), ca.rate)
		}
		if ca.length > 0 && math.Abs(length-ca.length) > 0.06*ca.length {
			t.Errorf("%s: bursts of %.2f, want %.2f", name, length, ca.length)
		}
		if c := p.Counts(); c.Lost != lost || c.Sent != n {
			t.Errorf("%s: %+v, %d were lost", name, c, lost)
		}
	}
}

func TestDuplicate(t *testing.T) {
	got, counts := impair(t, Impairment{Duplicate: 1, DuplicateBy: time.Millisecond}, every(3))
	if len(got) != 6 || counts.Duplicated != 3 || got[1].At-got[0].At != time.Millisecond {
		t.Errorf("%+v", got)
	}
}

// A clock that is 200 ppm fast has sent an hour's packets 720 ms early.
func TestDrift(t *testing.T) {
	for _, ppm := range []float64{200, -200} {
		p, err := NewPath(Impairment{DriftPPM: ppm})
		if err != nil {
			t.Fatal(err)
		}
		early := time.Hour - p.Send(nil, time.Hour)[0]
		want := time.Duration(ppm / 200 * 720 * float64(time.Millisecond))
		if d := early - want; d > time.Millisecond || d < -time.Millisecond {
			t.Errorf("%v ppm: %v early, want %v", ppm, early, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for name, ca := range map[string]struct {
		change func(*Impairment)
		valid  bool
	}{
		"default":         {func(*Impairment) {}, true},
		"zero":            {func(c *Impairment) { *c = Impairment{} }, true},
		"a probability":   {func(c *Impairment) { c.Reorder = 1.1 }, false},
		"below 0":         {func(c *Impairment) { c.Duplicate = -0.1 }, false},
		"no number":       {func(c *Impairment) { c.Loss.ToBad = math.NaN() }, false},
		"infinite bursts": {func(c *Impairment) { c.Loss = BurstLoss(1, 5) }, false},
		"no room":         {func(c *Impairment) { c.Loss = BurstLoss(0.9, 2) }, false},
		"the past":        {func(c *Impairment) { c.Delay = -1 }, false},
		"for ever":        {func(c *Impairment) { c.Delay = time.Hour }, false},
		"no clip":         {func(c *Impairment) { c.MaxJitter = 0 }, false},
		"held for 0":      {func(c *Impairment) { c.Reorder, c.ReorderBy = 0.1, 0 }, false},
		"shape":           {func(c *Impairment) { c.Shape = 7 }, false},
		"drift":           {func(c *Impairment) { c.DriftPPM = -20000 }, false},
		"drift unknown":   {func(c *Impairment) { c.DriftPPM = math.NaN() }, false},
	} {
		cfg := Default()
		ca.change(&cfg)
		if err := cfg.Validate(); (err == nil) != ca.valid {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := Impair(cfg, nil); (err == nil) != ca.valid {
			t.Errorf("%s: Impair says %v", name, err)
		}
	}
}
