//go:build cgo

package opus

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

func BenchmarkEncode(b *testing.B) {
	pcm := speech(b)
	for _, cfg := range []media.EncoderConfig{{Complexity: 1}, {Complexity: 5}, {Complexity: 10}, {Complexity: 5, FEC: true, LossPct: 10}} {
		b.Run(fmt.Sprintf("complexity%d/fec=%v", cfg.Complexity, cfg.FEC), func(b *testing.B) {
			e, dst, i := encoder(b, cfg), make([]byte, maxFrameBytes), 0
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Encode(dst, frame(pcm, i)); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkBatchOf10(b *testing.B) {
	pcm := speech(b)
	jobs := make([]media.EncodeJob, 10)
	for i := range jobs {
		jobs[i] = media.EncodeJob{Encoder: encoder(b, media.EncoderConfig{}), Dst: make([]byte, maxFrameBytes)}
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		for k := range jobs {
			jobs[k].PCM = frame(pcm, i+17*k)
		}
		Codec().EncodeBatch(jobs)
		i++
	}
}

func BenchmarkFork(b *testing.B) {
	x, y := encoder(b, media.EncoderConfig{}), encoder(b, media.EncoderConfig{})
	encode(b, x, make([]int16, frameSamples))
	b.ReportAllocs()
	for b.Loop() {
		y.CopyFrom(x)
	}
}

func BenchmarkDecode(b *testing.B) {
	pcm, e, d := speech(b), encoder(b, media.EncoderConfig{}), decoder(b)
	var packets [][]byte
	for i := range 200 {
		packets = append(packets, encode(b, e, frame(pcm, i)))
	}
	out, i := make([]int16, 6*frameSamples), 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(out, packets[i%len(packets)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
