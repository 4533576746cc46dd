package message

import "testing"

func BenchmarkParse(b *testing.B) {
	in := []byte(goodRequest)
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m, err := Parse([]byte(goodRequest))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.raw.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
