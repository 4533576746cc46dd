package footprint

import (
	"runtime"
	"strings"
	"testing"
)

// held is what the tests allocate.
var held [][]byte

// What lives is counted, and known by who asked for it.
func TestMemory(t *testing.T) {
	const size, n = 64 << 10, 100
	defer func(rate int) { runtime.MemProfileRate, held = rate, nil }(runtime.MemProfileRate)
	runtime.MemProfileRate = 1 // everything
	before := Take()
	for range n {
		held = append(held, make([]byte, size))
	}
	after := Take()
	if grown := after.Live - before.Live; grown < size*n || grown > 2*size*n {
		t.Errorf("%d bytes more live", grown)
	}
	if after.Spans < after.Live || after.Stacks <= 0 || after.Goroutines < 2 || after.Overhead <= 0 {
		t.Errorf("%+v", after)
	}
	for _, o := range Owners("github.com/skygenesisenterprise/skybridge") {
		if strings.HasPrefix(o.Name, "internal/footprint.TestMemory") {
			if o.Bytes < size*n || o.Objects < n {
				t.Errorf("%+v", o)
			}
			return
		}
	}
	t.Error("the owner is not known")
}

func TestScale(t *testing.T) {
	for _, tt := range []struct {
		objects, bytes       int64
		rate                 float64
		wantObjects, wantAll int64
	}{
		{10, 1000, 1, 10, 1000},                    // all were sampled
		{10, 10 << 20, 512, 10, 10 << 20},          // large ones always are
		{1, 512, 512, 1, 809},                      // 1/(1-1/e) of them
		{100, 1600, 512, 3250, 52004},              // small ones seldom
		{0, 0, 512, 0, 0}, {-1, -16, 512, -1, -16}, // nothing
	} {
		objects, bytes := scale(tt.objects, tt.bytes, tt.rate)
		if objects != tt.wantObjects || bytes != tt.wantAll {
			t.Errorf("%d of %d bytes: %d of %d", tt.objects, tt.bytes, objects, bytes)
		}
	}
}
