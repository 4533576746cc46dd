package jitter_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/jitter"
)

const frame = 160 // samples of 20 ms at 8 kHz

// player runs a script against a Buffer. The words: a number pushes that packet
// (its number is also its handle), which left when it was its turn and came at once,
// "5@30" one that came 30 ms later, "5e" one without audio, "." pops and lets 20 ms
// pass, "x" resets, "f" flushes. What comes out is a number for a packet that was
// played, "+7" for one played beside the one before it, "L" for lost, "-" for empty,
// "late7", "dup7", and "(7)" for a handle that was given back. The first packet comes 5 ms
// before the first pop.
type player struct {
	b     jitter.Buffer
	now   time.Duration
	quiet bool
	first uint32 // packet, whose turn is at 0
	begun bool
	out   []string
	held  map[int32]bool
	t     fataler
}

const ms = time.Millisecond

// fataler is *testing.T, *testing.F's T or *rapid.T.
type fataler interface{ Fatalf(string, ...any) }

func newPlayer(t fataler) *player {
	p := &player{t: t, held: map[int32]bool{}}
	p.b.Init(jitter.Defaults(8000), func(h int32) {
		p.gone(h)
		p.out = append(p.out, fmt.Sprintf("(%d)", h))
	})
	return p
}

func (p *player) gone(h int32) {
	if !p.held[h] {
		p.t.Fatalf("handle %d comes back but is not held", h)
	}
	delete(p.held, h)
}

// push takes a packet that comes late by so much.
func (p *player) push(seq uint32, samples uint32, handle int32, late time.Duration) jitter.Verdict {
	if !p.begun {
		p.begun, p.first = true, seq
	}
	at := time.Duration(int32(seq-p.first))*20*ms + late
	before := p.held[handle]
	if handle >= 0 {
		p.held[handle] = true // even a full buffer may give it back at once
	}
	v := p.b.Push(jitter.Packet{Sequence: seq, Timestamp: seq * frame, Samples: samples, Handle: handle}, at)
	if v != jitter.Kept && !before {
		delete(p.held, handle)
	}
	return v
}

func (p *player) pop() {
	defer func() { p.now += 20 * ms }()
	at := p.now + 5*ms
	pkt, outcome := p.b.Pop(at, p.quiet)
	switch outcome {
	case jitter.Lost:
		p.out = append(p.out, "L")
	case jitter.Empty:
		p.out = append(p.out, "-")
	case jitter.Play:
		p.gone(pkt.Handle)
		p.out = append(p.out, strconv.Itoa(int(pkt.Handle)))
		if pkt, ok := p.b.Surplus(at, p.quiet); ok {
			p.gone(pkt.Handle)
			p.out = append(p.out, fmt.Sprintf("+%d", pkt.Handle))
		}
	}
}

func (p *player) run(script string) string {
	for _, word := range strings.Fields(script) {
		switch word {
		case ".":
			p.pop()
		case "x":
			p.b.Reset()
		case "f":
			p.b.Flush()
		default:
			number, after, _ := strings.Cut(word, "@")
			digits, event := strings.CutSuffix(number, "e")
			n, err := strconv.Atoi(digits)
			late := 0
			if err == nil && after != "" {
				late, err = strconv.Atoi(after)
			}
			if err != nil {
				p.t.Fatalf("script word %q: %v", word, err)
			}
			samples, handle := uint32(frame), int32(n)
			if event {
				samples, handle = 0, jitter.None
			}
			switch p.push(uint32(n), samples, handle, time.Duration(late)*ms) {
			case jitter.Late:
				p.out = append(p.out, "late"+digits)
			case jitter.Duplicate:
				p.out = append(p.out, "dup"+digits)
			case jitter.Kept:
			}
		}
	}
	return strings.Join(p.out, " ")
}

var scripts = []struct{ name, script, want string }{
	{"in order", "100 . 101 . 102 .", "100 101 102"},
	{"nothing yet", ". . 5 .", "- - 5"},
	{"two at once", "1 2 . .", "1 2"},
	{"reordered in time", "1 . 3 2 . .", "1 2 3"},
	{"duplicate", "1 2 2 . .", "dup2 1 2"},
	{"duplicate of a played one", "1 2 . 1 .", "1 dup1 2"},
	{"lost", "1 . 3 . .", "1 L 3"},
	{"two lost", "1 . 4 . . .", "1 L L 4"},
	{"runs dry, then the delay stays", "1 . . 2 . 3 .", "1 - 2 3"},
	{"waiting stands for the loss", "1 . . 3 .", "1 - 3"},
	{"waiting stands for part of the loss", "1 . . 4 . .", "1 - L 4"},
	{"long outage is not concealed again", "1 . . . . . . . 8 .", "1 - - - - - - 8"},
	{"late, and then waited for", "1 . 3 . 2@30 . 4 . 6 . 5@25 . .", "1 L late2 3 4 - 5 6"},
	{"late without anything held", "1 . 3 . . 2 .", "1 L 3 late2 -"},
	{"far late", "20 . 21 . 10 22 .", "20 21 late10 22"},
	{"events take their place", "1 . 2e 3e . 4 .", "1 - 4"},
	{"events between", "1 2e 3 . .", "1 3"},
	{"lost before an event", "1 . 3e . . 4 .", "1 L - 4"},
	{"concealment gives up", "1 . 60 " + strings.Repeat(". ", 11), "1 " + strings.Repeat("L ", 10) + "60"},
	{"beyond the last place", "1 2 70 . .", "(1) (2) L L"},
	{"far beyond", "1 2 500 . " + strings.Repeat(". ", 499), "(1) (2)" + strings.Repeat(" -", 499) + " 500"},
	{"cap", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 .", "(1) (2) (3) (4) (5) (6) (7) (8) (9) -"},
	{"reset", "10 11 . x 11 .", "10 (11) 11"},
	{"flush keeps the position", "10 11 12 . f 11 13 . .", "10 (11) (12) 11 L"},
}

func TestScripts(t *testing.T) {
	for _, tt := range scripts {
		t.Run(tt.name, func(t *testing.T) {
			if got := newPlayer(t).run(tt.script); got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.script, got, tt.want)
			}
		})
	}
}

func TestNumbersWrap(t *testing.T) {
	p := newPlayer(t)
	for i := range uint32(10) {
		if v := p.push(i-5, frame, int32(i), 0); v != jitter.Kept {
			t.Fatalf("packet %d: verdict %d", i, v)
		}
		p.pop()
	}
	if got, want := strings.Join(p.out, " "), "0 1 2 3 4 5 6 7 8 9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// After a loss the packet behind it can be looked at, for what it repeats.
func TestPeek(t *testing.T) {
	p := newPlayer(t)
	p.run("10 . 12 14")
	for _, want := range []struct {
		lost, next uint32
	}{{11, 12}, {13, 14}} {
		pkt, outcome := p.b.Pop(p.now+5*ms, false)
		p.now += 20 * ms
		if outcome != jitter.Lost || pkt.Sequence != want.lost || pkt.Samples != frame {
			t.Fatalf("popped %+v, outcome %d", pkt, outcome)
		}
		if next, ok := p.b.Peek(); !ok || next.Sequence != want.next || next.Handle != int32(want.next) {
			t.Fatalf("peeked %+v, %v", next, ok)
		}
		p.pop()
	}
	if next, ok := p.b.Peek(); ok {
		t.Errorf("peeked %+v in an empty buffer", next)
	}
}

func TestAllocatesNothing(t *testing.T) {
	var b jitter.Buffer
	b.Init(jitter.Defaults(8000), func(int32) {})
	if n := testing.AllocsPerRun(1000, pushPop(&b)); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// pushPop takes one packet through a buffer per call, some of them late.
func pushPop(b *jitter.Buffer) func() {
	seq, now := uint32(0), time.Duration(0)
	return func() {
		b.Push(jitter.Packet{Sequence: seq, Timestamp: seq * frame, Samples: frame, Handle: 1}, now+time.Duration(seq%7)*ms)
		b.Pop(now+15*ms, false)
		b.Surplus(now+15*ms, false)
		seq++
		now += 20 * ms
	}
}

func BenchmarkPushPop(b *testing.B) {
	var buf jitter.Buffer
	buf.Init(jitter.Defaults(8000), func(int32) {})
	b.ReportAllocs()
	once := pushPop(&buf)
	for b.Loop() {
		once()
	}
}
