package registrar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"
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
