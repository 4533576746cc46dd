package index

import (
	"runtime"
	"strconv"
	"testing"
)

func TestIndex(t *testing.T) {
	var x Index[string, *int]
	numbers := make([]int, 200000)
	key := strconv.Itoa
	for i := range numbers {
		x.Put(key(i), &numbers[i])
	}
	x.Drop(key(0), &numbers[1]) // which is another
	x.Drop("unknown", &numbers[1])
	if x.Len() != len(numbers) || x.Get(key(0)) != &numbers[0] {
		t.Errorf("%d things, %v", x.Len(), x.Get(key(0)))
	}
	full := heap()
	for i := 100; i < len(numbers); i++ {
		x.Drop(key(i), &numbers[i])
	}
	if x.Len() != 100 || x.Get(key(99)) != &numbers[99] || x.Get(key(100)) != nil {
		t.Errorf("%d things, %v, %v", x.Len(), x.Get(key(99)), x.Get(key(100)))
	}
	if left := heap(); left > full/2 {
		t.Errorf("%d bytes of %d are kept", left, full)
	}
	runtime.KeepAlive(numbers)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
