package g722

// quantizeLower is QUANTL: the 6-bit code of a difference at a step size.
func quantizeLower(e, det int32) int32 {
	negative := sign(e)
	magnitude := e ^ negative
	// A level l is above the magnitude m where m < l·det/2¹² without its fraction, which
	// is where l > (2¹²·(m+1) − 1)/det without its fraction.
	above := uint32(magnitude<<12|0xfff) / uint32(det)
	return codes[min(above, uint32(len(codes)/2-1))<<1|uint32(negative&1)]
}

// codes are those of the interval that begins at a level, positive and negative.
var codes = func() (all [2 * (topLevel + 1)]int32) {
	at := 0
	for i := range topLevel + 1 {
		for at < len(levels) && int(levels[at]) <= i {
			at++
		}
		all[2*i], all[2*i+1] = codePositive[at], codeNegative[at]
	}
	return all
}()

// topLevel is the last of levels.
const topLevel = 2919

// quantizeUpper is QUANTH: the 2-bit code of a difference at a step size.
func quantizeUpper(e, det int32) int32 {
	if e < 0 {
		if -(e + 1) >= levelUpper*det>>12 {
			return 0
		}
		return 1
	}
	if e >= levelUpper*det>>12 {
		return 2
	}
	return 3
}

// Decision levels of the 60-level quantiser (table 14), and the codes of the
// interval below each.
var levels = [29]int32{
	35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
	786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
}

const levelUpper = 564

var codeNegative = [30]int32{
	63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19,
	18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
}

var codePositive = [30]int32{
	61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47,
	46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32,
}

// inverse6 is the output of the 60-level inverse quantiser by code, Q15 of a step.
var inverse6 = [64]int32{
	-136, -136, -136, -136, -24808, -21904, -19008, -16704,
	-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
	-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
	-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
	24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
	10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
	4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
	1688, 1360, 1040, 728, 432, 136, -432, -136,
}

// inverse4 is the 15-level inverse quantiser that both sides adapt to.
var inverse4 = [16]int32{
	0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
	20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
}

// inverse2 is the upper band's inverse quantiser.
var inverse2 = [4]int32{-7408, -1616, 7408, 1616}

// logStepLower and logStepUpper are the step size's logarithmic changes (WL by
// RL42, WH by RH2), by code.
var logStepLower = [16]int32{
	-60, 3042, 1198, 538, 334, 172, 58, -30,
	3042, 1198, 538, 334, 172, 58, -30, -60,
}

var logStepUpper = [4]int32{798, -214, 798, -214}

// exponential is 2048·2^(i/32) (table ILB).
var exponential = [32]int32{
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383,
	2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371,
	3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
}
