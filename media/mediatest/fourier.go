package mediatest

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fourier transforms x in place (J. W. Cooley, J. W. Tukey, 1965). len(x) is a power of two.
func fourier(x []complex128) {
	n := len(x)
	shift := 64 - bits.TrailingZeros(uint(n))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); n > 1 && i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		step := cmplx.Rect(1, -2*math.Pi/float64(size))
		for at := 0; at < n; at += size {
			w := complex(1, 0)
			for k := at; k < at+size/2; k++ {
				a, b := x[k], w*x[k+size/2]
				x[k], x[k+size/2] = a+b, a-b
				w *= step
			}
		}
	}
}

// correlate gives the sums of a[i]·b[i+lag] for every lag from lowest to highest.
func correlate(a, b []int16, lowest, highest int) []float64 {
	n := 1 << bits.Len(uint(len(a)+len(b)))
	x, y := make([]complex128, n), make([]complex128, n)
	for i, v := range a {
		x[i] = complex(float64(v), 0)
	}
	for i, v := range b {
		y[i] = complex(float64(v), 0)
	}
	fourier(x)
	fourier(y)
	for i := range x {
		// The inverse transform is the conjugate's, conjugated; the sums are real.
		x[i] = cmplx.Conj(cmplx.Conj(x[i]) * y[i])
	}
	fourier(x)
	sums := make([]float64, highest-lowest+1)
	for i := range sums {
		if lag := lowest + i; -lag < len(a) && lag < len(b) {
			sums[i] = real(x[(lag+n)%n]) / float64(n)
		}
	}
	return sums
}
