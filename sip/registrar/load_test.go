package registrar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/digest"
)

// TestConcurrentRegisters has many phones at one AOR and readers beside them.
func TestConcurrentRegisters(t *testing.T) {
	st := openStore(t, filepath.Join(t.TempDir(), "db"))
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	g := newRig(t, st.Bindings, several(func(a *AOR) { a.MaxContacts = 50 })).start()
	defer g.Stop()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for n := range uint32(10) {
				reg := ask(t, fmt.Sprint(i), n+1, fmt.Sprintf("<sip:p%d@h>", i))
				if _, _, no := g.bind(t.Context(), g.entry("1001"), reg); no != nil {
					t.Errorf("%+v", no)
				}
				g.Lookup("1001")
			}
		})
	}
	wg.Wait()
	if n := len(g.Lookup("1001")); n != 50 {
		t.Errorf("%d bindings", n)
	}
	bs, err := st.Bindings.Live(t.Context(), time.Now())
	if err != nil || len(bs) != 50 {
		t.Errorf("%d on disk, %v", len(bs), err)
	}
	for _, b := range bs {
		if b.CSeq != 10 {
			t.Errorf("%s is at %d on disk", b.Key, b.CSeq)
		}
	}
}

func BenchmarkRegister(b *testing.B) {
	for _, phones := range []int{1, 256} {
		b.Run(fmt.Sprintf("phones=%d", phones), func(b *testing.B) {
			const n = 10000
			st := openStore(b, filepath.Join(b.TempDir(), "db"))
			aors := make([]AOR, n)
			for i := range aors {
				aors[i] = DefaultAOR(fmt.Sprint(i))
			}
			r, err := New(Default(), &stack{}, st.Bindings, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			if err := errors.Join(r.Configure(b.Context(), aors), r.Start(b.Context())); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.SetParallelism(max(1, phones/2))
			var mu sync.Mutex
			cseq := uint32(0)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					cseq++
					i := cseq
					mu.Unlock()
					reg := ask(b, "call@host", i, "<sip:phone@192.0.2.1:5060>")
					if _, _, no := r.bind(context.Background(), r.entry(aors[i%n].Name), reg); no != nil {
						b.Fatalf("%+v", no)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "registrations/s")
			r.Stop()
			if err := st.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkEnumeration tells, as gap-ns, by how much the answer to a wrong
// password takes longer for a user that exists than for one that does not, as
// somebody who scans would measure it: both in turn, over UDP.
func BenchmarkEnumeration(b *testing.B) {
	p := servePBX(b, func(_ *AOR, c *digest.Config) { c.Backoff.Free, c.Backoff.SourceFree = 1e9, 1e9 })
	took := map[string][]time.Duration{}
	phones := map[string]*wire{"1001": p.phone(b, "udp", "1001", "guess"), "7777": p.phone(b, "udp", "7777", "guess")}
	for b.Loop() {
		for user, w := range phones {
			attempt := w.auth.Begin("REGISTER", home)
			if err := attempt.Challenged(401, w.send(user, home).Headers("WWW-Authenticate")); err != nil {
				b.Fatal(err)
			}
			line := "Authorization: " + attempt.Headers()[0].Value
			began := time.Now()
			w.send(user, home, line)
			took[user] = append(took[user], time.Since(began))
		}
	}
	median := func(d []time.Duration) time.Duration {
		slices.Sort(d)
		return d[len(d)/2]
	}
	b.ReportMetric(float64(median(took["1001"])), "median-ns")
	b.ReportMetric(float64(median(took["1001"])-median(took["7777"])), "gap-ns")
}

// BenchmarkRegisterOnTheWire is a digest REGISTER over UDP from socket to disk and
// back: challenge, credentials, commit, 200.
func BenchmarkRegisterOnTheWire(b *testing.B) {
	p := servePBX(b, nil)
	aors := make([]AOR, 1000)
	for i := range aors {
		aors[i] = DefaultAOR(fmt.Sprint("p", i))
	}
	if err := p.registrar.Configure(b.Context(), aors); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetParallelism(64)
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		user := fmt.Sprint("p", n.Add(1)%int64(len(aors)))
		w := p.phone(b, "udp", user, "secret")
		for pb.Next() {
			if a := w.register(user, "Contact: <sip:x@10.0.0.1>"); a.Status() != 200 {
				b.Fatalf("got\n%s", a.Text)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "registrations/s")
}
