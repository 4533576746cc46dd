package dsp

// FadeIn raises pcm linearly from silence.
func FadeIn(pcm []int16) {
	n := int32(len(pcm))
	for i := range n {
		pcm[i] = int16(int32(pcm[i]) * i / n)
	}
}

// FadeOut lowers pcm linearly to silence.
func FadeOut(pcm []int16) {
	n := int32(len(pcm))
	for i := range n {
		pcm[i] = int16(int32(pcm[i]) * (n - i) / n)
	}
}
