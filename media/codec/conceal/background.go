package conceal

import (
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

const (
	// backgroundLen is how much of the background is kept, in samples at 8 kHz: 40 ms.
	backgroundLen = 320
	// noiseLen is how much noise is made at once, in samples.
	noiseLen = 80
	// loudest, in −dBov: what is louder is no background, however steady.
	loudest = 40
	// riseEvery is after how many frames the floor becomes the quietest of them, to follow
	// a background that has become louder, or rises by 1 dB where all are voice.
	riseEvery = 50
	// near, in dB, is how far above the floor a frame is still the background's.
	near = 6
	// keepEvery is how many frames of the background there are to one that is kept.
	keepEvery = 5
	// smooth weighs a frame's level into the mean, as a shift.
	smooth = 4
)

// background is what is heard where nobody speaks: the quietest of late.
type background struct {
	floor    uint8 // its level, −dBov; 0 before the first frame
	quietest uint8 // of the frames since the floor rose
	age      uint8 // the number of those
	kept     uint8 // frames of the background since one was kept
	mean     int32 // level of those, times 256; 0 before the first
	pcm      []int16
	at       int // where the next goes in pcm
}

// listen takes a frame.
func (b *background) listen(pcm []int16) {
	level := dsp.LevelDBov(pcm)
	b.quietest = max(b.quietest, level)
	if level > b.floor { // quieter than ever
		b.setFloor(level)
	} else if b.age++; b.age == riseEvery {
		if b.quietest < loudest {
			b.quietest = max(b.floor-1, loudest)
		}
		b.setFloor(b.quietest)
	}
	if level < loudest || level+near < b.floor {
		return
	}
	if b.mean == 0 {
		b.mean, b.pcm, b.at = int32(level)<<8, b.pcm[:0], 0
	}
	b.mean += (int32(level)<<8 - b.mean) >> smooth
	if b.kept == 0 {
		b.keep(pcm)
	}
	if b.kept++; b.kept == keepEvery {
		b.kept = 0
	}
}

// setFloor begins anew with a floor. What is much louder or quieter than what was known
// is another background.
func (b *background) setFloor(level uint8) {
	if max(level, b.floor)-min(level, b.floor) > near {
		b.mean, b.kept = 0, 0
	}
	b.floor, b.quietest, b.age = level, 0, 0
}

// keep puts a frame's end where the oldest is.
func (b *background) keep(pcm []int16) {
	all := b.pcm[:cap(b.pcm)]
	pcm = pcm[max(0, len(pcm)-len(all)):]
	if b.at+len(pcm) > len(all) {
		b.at = 0
	}
	b.at += copy(all[b.at:], pcm)
	b.pcm = all[:max(len(b.pcm), b.at)]
}

// describe is what it sounds like.
func (b *background) describe() cn.Description {
	if len(b.pcm) == 0 {
		return cn.Description{Level: dsp.Silence}
	}
	d := cn.Describe(b.pcm)
	d.Level = uint8(b.mean >> 8)
	return d
}
