package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// protect has a caller speak SRTP.
func (f *field) protect(c *caller, format media.Format, suite srtp.Suite) {
	f.t.Helper()
	c.keys, c.sealed = newKeys(f.t, suite), make([]byte, 2000)
	m := mediaOf(format)
	m.Keys = &c.keys.masters
	if err := c.port.SetMedia(m); err != nil {
		f.t.Fatal(err)
	}
}

// What SRTP adds, beside BenchmarkRoom's and BenchmarkPair's figures in the same run.
func BenchmarkSRTP(b *testing.B) {
	mu, op := formatOf(g711.MuLaw()), formatOf(opus.Codec())
	for _, suite := range []srtp.Suite{srtp.None, srtp.AESCM80, srtp.GCM128, srtp.GCM256} {
		use := func(f *field, c *caller, format media.Format) {
			if suite != srtp.None {
				f.protect(c, format, suite)
			}
		}
		b.Run("room40_talking3/"+suite.String(), func(b *testing.B) {
			f := newField(b, IOEpoll)
			for i := range 40 {
				use(f, f.call(mu, i < 3), mu)
			}
			f.seat(b, f.callers)
			f.measure(b)
		})
		b.Run("opus40_talking3/"+suite.String(), func(b *testing.B) {
			f := newField(b, IOEpoll)
			for i := range 40 {
				use(f, f.call(op, i < 3), op)
			}
			f.seat(b, f.callers)
			f.measure(b)
		})
		b.Run("relay/"+suite.String(), func(b *testing.B) {
			f := newField(b, IOEpoll)
			for range 20 {
				p, err := f.engine.NewPair()
				if err != nil {
					b.Fatal(err)
				}
				for range 2 {
					c := f.call(mu, true)
					use(f, c, mu)
					if err := c.port.Connect(p); err != nil {
						b.Fatal(err)
					}
				}
			}
			f.measure(b)
		})
	}
}
