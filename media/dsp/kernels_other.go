//go:build !amd64 && !arm64

package dsp

type tap = int32 // for assembly, of which there is none here

func accumulate(sum []int32, pcm []int16)                        { accumulateScalar(sum, pcm) }
func accumulate32(sum, src []int32)                              { accumulate32Scalar(sum, src) }
func narrow(dst []int16, sum []int32)                            { narrowScalar(dst, sum) }
func narrowMinus(dst []int16, sum []int32, own []int16)          { narrowMinusScalar(dst, sum, own) }
func mix(dst []int16, sum []int32, gain int32)                   { mixScalar(dst, sum, gain) }
func mixMinus(dst []int16, sum []int32, own []int16, gain int32) { mixMinusScalar(dst, sum, own, gain) }
func scale(pcm []int16, gain int32)                              { scaleScalar(pcm, gain) }
func peak(sum []int32) (lo, hi int32)                            { return peakScalar(sum) }
func peakMinus(sum []int32, own []int16) (lo, hi int32)          { return peakMinusScalar(sum, own) }
func energy(pcm []int16) uint64                                  { return energyScalar(pcm) }
func interpolate(dst, buf []int32, f *filter, up int)            { interpolateScalar(dst, buf, f, up) }
func decimate(dst, buf []int32, f *filter, down int)             { decimateScalar(dst, buf, f, down) }
