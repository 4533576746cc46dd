package dsp

// Scale multiplies pcm by a gain, Q15 like Unity, that goes linearly from one value to
// another. What does not fit is clipped.
func Scale(pcm []int16, from, to int32) {
	if from == to {
		scale(pcm, to)
		return
	}
	n := int64(len(pcm))
	for i, v := range pcm {
		g := int64(from) + (int64(to)-int64(from))*int64(i+1)/n
		pcm[i] = int16(min(max((int64(v)*g+half)>>gainShift, -1<<15), 1<<15-1))
	}
}
