package g711

import "github.com/skygenesisenterprise/skybridge/media/dsp"

// edge is 5 ms.
const edge = sampleRate / 200

func fadeMuLaw(payload []byte, in bool) {
	var pcm [edge]int16
	n := faded(&pcm, &muLawDecode, payload, in)
	EncodeMuLaw(payload, pcm[:n])
	if !in {
		silence(payload[n:], 0xff)
	}
}

func fadeALaw(payload []byte, in bool) {
	var pcm [edge]int16
	n := faded(&pcm, &aLawDecode, payload, in)
	EncodeALaw(payload, pcm[:n])
	if !in {
		silence(payload[n:], 0xd5)
	}
}

// faded is the first 5 ms of a payload, or all of a shorter one, brought up or down.
func faded(pcm *[edge]int16, table *[256]int16, payload []byte, in bool) (n int) {
	n = min(len(pcm), len(payload))
	for i, b := range payload[:n] {
		pcm[i] = table[b]
	}
	if in {
		dsp.FadeIn(pcm[:n])
	} else {
		dsp.FadeOut(pcm[:n])
	}
	return n
}

// silence fills a payload with the code of 0.
func silence(payload []byte, code byte) {
	for i := range payload {
		payload[i] = code
	}
}
