package dtmf

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	clipPause = 500 * time.Millisecond // of w
	maxClip   = 2 * time.Minute
)

// DigitsClip is digits as tones (ITU-T Q.23) at a sample rate in Hz, each with a gap of
// silence behind it; w is a pause of half a second, and a hook flash has no sound. The
// error is of kind fault.Invalid (no such digit) or fault.TooMany (over two minutes).
func DigitsClip(digits string, rate int, length, gap time.Duration) ([]int16, error) {
	each := max(length+gap, clipPause)
	if each > maxClip || each*time.Duration(len(digits)) > maxClip {
		return nil, fault.New(fault.TooMany, "dtmf: %d digits of %v with gaps of %v", len(digits), length, gap)
	}
	silence := func(d time.Duration) []int16 { return make([]int16, int(int64(d)*int64(rate)/int64(time.Second))) }
	var pcm []int16
	for i := range len(digits) {
		switch digits[i] {
		case 'w':
			pcm = append(pcm, silence(clipPause)...)
			continue
		case FlashDigit:
			continue
		}
		tone, err := DigitClip(digits[i], rate, length)
		if err != nil {
			return nil, err
		}
		pcm = append(append(pcm, tone...), silence(gap)...)
	}
	return pcm, nil
}
