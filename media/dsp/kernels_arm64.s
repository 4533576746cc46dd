#include "textflag.h"

// NEON. Lengths are multiples of 16 samples, and not 0, where nothing else is said. What
// the assembler has no name for is written by its encoding (Arm ARM, C7.2); the numbers
// are those of the V registers, the sources first and the destination last.

#define SADDW(m, n, d) WORD $(0x0E601000 | m<<16 | n<<5 | d)   // d.4S = n.4S + low of m.8H
#define SADDW2(m, n, d) WORD $(0x4E601000 | m<<16 | n<<5 | d)  // d.4S = n.4S + high of m.8H
#define SSUBW(m, n, d) WORD $(0x0E603000 | m<<16 | n<<5 | d)   // d.4S = n.4S − low of m.8H
#define SSUBW2(m, n, d) WORD $(0x4E603000 | m<<16 | n<<5 | d)  // d.4S = n.4S − high of m.8H
#define SXTL(n, d) WORD $(0x0F10A400 | n<<5 | d)               // d.4S = low of n.8H
#define SXTL2(n, d) WORD $(0x4F10A400 | n<<5 | d)              // d.4S = high of n.8H
#define SQXTN(n, d) WORD $(0x0E614800 | n<<5 | d)              // low of d.8H = clipped n.4S
#define SQXTN2(n, d) WORD $(0x4E614800 | n<<5 | d)             // high of d.8H = clipped n.4S
#define SMAX(m, n, d) WORD $(0x4EA06400 | m<<16 | n<<5 | d)    // d.4S
#define SMIN(m, n, d) WORD $(0x4EA06C00 | m<<16 | n<<5 | d)    // d.4S
#define SMAXV(n, d) WORD $(0x4EB0A800 | n<<5 | d)              // d.S[0] = largest of n.4S
#define SMINV(n, d) WORD $(0x4EB1A800 | n<<5 | d)              // d.S[0] = least of n.4S
#define SQUARE(n, d) WORD $(0x0E60C000 | n<<16 | n<<5 | d)     // SMULL d.4S = low of n.8H squared
#define SQUARE2(n, d) WORD $(0x4E60C000 | n<<16 | n<<5 | d)    // SMULL2 d.4S = high of n.8H squared
#define UADALP(n, d) WORD $(0x6EA06800 | n<<5 | d)             // d.2D += pairs of n.4S
#define SMULL(m, n, d) WORD $(0x0EA0C000 | m<<16 | n<<5 | d)   // d.2D = low of n.4S · low of m.4S
#define SMULL2(m, n, d) WORD $(0x4EA0C000 | m<<16 | n<<5 | d)  // d.2D = high of n.4S · high of m.4S
#define SMLAL(m, n, d) WORD $(0x0EA08000 | m<<16 | n<<5 | d)   // d.2D += low of n.4S · low of m.4S
#define SMLAL2(m, n, d) WORD $(0x4EA08000 | m<<16 | n<<5 | d)  // d.2D += high of n.4S · high of m.4S
#define SQRSHRN(n, d) WORD $(0x0F319C00 | n<<5 | d)            // low of d.4S = n.2D >> 15, rounded, clipped
#define SQRSHRN2(n, d) WORD $(0x4F319C00 | n<<5 | d)           // high of d.4S
#define ADDP(n, d) WORD $(0x5EF1B800 | n<<5 | d)               // d.D[0] = sum of n.2D

// func accumulateVector(sum *int32, pcm *int16, n int)
TEXT ·accumulateVector(SB), NOSPLIT, $0-24
	MOVD sum+0(FP), R0
	MOVD pcm+8(FP), R1
	MOVD n+16(FP), R2

accumulate:
	VLD1.P 32(R1), [V4.H8, V5.H8]
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	SADDW(4, 0, 0)
	SADDW2(4, 1, 1)
	SADDW(5, 2, 2)
	SADDW2(5, 3, 3)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R2, R2
	BNE    accumulate
	RET

// func accumulate32Vector(sum, src *int32, n int)
TEXT ·accumulate32Vector(SB), NOSPLIT, $0-24
	MOVD sum+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

accumulate32:
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	VADD   V4.S4, V0.S4, V0.S4
	VADD   V5.S4, V1.S4, V1.S4
	VADD   V6.S4, V2.S4, V2.S4
	VADD   V7.S4, V3.S4, V3.S4
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R2, R2
	BNE    accumulate32
	RET

// func narrowVector(dst *int16, sum *int32, n int)
TEXT ·narrowVector(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD sum+8(FP), R1
	MOVD n+16(FP), R2

narrow:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	SQXTN(0, 4)
	SQXTN2(1, 4)
	SQXTN(2, 5)
	SQXTN2(3, 5)
	VST1.P [V4.H8, V5.H8], 32(R0)
	SUBS   $16, R2, R2
	BNE    narrow
	RET

// func narrowMinusVector(dst *int16, sum *int32, own *int16, n int)
TEXT ·narrowMinusVector(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD sum+8(FP), R1
	MOVD own+16(FP), R3
	MOVD n+24(FP), R2

narrowMinus:
	VLD1.P 32(R3), [V6.H8, V7.H8]
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	SSUBW(6, 0, 0)
	SSUBW2(6, 1, 1)
	SSUBW(7, 2, 2)
	SSUBW2(7, 3, 3)
	SQXTN(0, 4)
	SQXTN2(1, 4)
	SQXTN(2, 5)
	SQXTN2(3, 5)
	VST1.P [V4.H8, V5.H8], 32(R0)
	SUBS   $16, R2, R2
	BNE    narrowMinus
	RET

// func peakVector(sum *int32, n int) (lo, hi int32)
TEXT ·peakVector(SB), NOSPLIT, $0-24
	MOVD sum+0(FP), R0
	MOVD n+8(FP), R2
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16

peak:
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	SMIN(0, 4, 4)
	SMAX(0, 5, 5)
	SMIN(1, 4, 4)
	SMAX(1, 5, 5)
	SMIN(2, 4, 4)
	SMAX(2, 5, 5)
	SMIN(3, 4, 4)
	SMAX(3, 5, 5)
	SUBS   $16, R2, R2
	BNE    peak
	SMINV(4, 4)
	SMAXV(5, 5)
	VMOV   V4.S[0], R0
	VMOV   V5.S[0], R1
	MOVW   R0, lo+16(FP)
	MOVW   R1, hi+20(FP)
	RET

// func peakMinusVector(sum *int32, own *int16, n int) (lo, hi int32)
TEXT ·peakMinusVector(SB), NOSPLIT, $0-32
	MOVD sum+0(FP), R0
	MOVD own+8(FP), R3
	MOVD n+16(FP), R2
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16

peakMinus:
	VLD1.P 32(R3), [V6.H8, V7.H8]
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	SSUBW(6, 0, 0)
	SSUBW2(6, 1, 1)
	SSUBW(7, 2, 2)
	SSUBW2(7, 3, 3)
	SMIN(0, 4, 4)
	SMAX(0, 5, 5)
	SMIN(1, 4, 4)
	SMAX(1, 5, 5)
	SMIN(2, 4, 4)
	SMAX(2, 5, 5)
	SMIN(3, 4, 4)
	SMAX(3, 5, 5)
	SUBS   $16, R2, R2
	BNE    peakMinus
	SMINV(4, 4)
	SMAXV(5, 5)
	VMOV   V4.S[0], R0
	VMOV   V5.S[0], R1
	MOVW   R0, lo+24(FP)
	MOVW   R1, hi+28(FP)
	RET

// func energyVector(pcm *int16, n int) uint64
TEXT ·energyVector(SB), NOSPLIT, $0-24
	MOVD pcm+0(FP), R0
	MOVD n+8(FP), R2
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16

energy:
	VLD1.P 32(R0), [V0.H8, V1.H8]
	SQUARE(0, 2)
	SQUARE2(0, 3)
	UADALP(2, 4)
	UADALP(3, 5)
	SQUARE(1, 2)
	SQUARE2(1, 3)
	UADALP(2, 4)
	UADALP(3, 5)
	SUBS   $16, R2, R2
	BNE    energy
	VADD   V5.D2, V4.D2, V4.D2
	ADDP(4, 4)
	VMOV   V4.D[0], R0
	MOVD   R0, ret+16(FP)
	RET

// GAIN multiplies the four of y by the gain in V12, into y, clipped to 32 bits: what is
// beyond them is beyond 16 as well. V16 and V17 are overwritten.
#define GAIN(y) \
	SMULL(12, y, 16) \
	SMULL2(12, y, 17) \
	SQRSHRN(16, y) \
	SQRSHRN2(17, y)

// func mixVector(dst *int16, sum *int32, n int, gain int32)
TEXT ·mixVector(SB), NOSPLIT, $0-28
	MOVD dst+0(FP), R0
	MOVD sum+8(FP), R1
	MOVD n+16(FP), R2
	MOVW gain+24(FP), R4
	VDUP R4, V12.S4

mix:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	GAIN(0)
	GAIN(1)
	GAIN(2)
	GAIN(3)
	SQXTN(0, 4)
	SQXTN2(1, 4)
	SQXTN(2, 5)
	SQXTN2(3, 5)
	VST1.P [V4.H8, V5.H8], 32(R0)
	SUBS   $16, R2, R2
	BNE    mix
	RET

// func mixMinusVector(dst *int16, sum *int32, own *int16, n int, gain int32)
TEXT ·mixMinusVector(SB), NOSPLIT, $0-36
	MOVD dst+0(FP), R0
	MOVD sum+8(FP), R1
	MOVD own+16(FP), R3
	MOVD n+24(FP), R2
	MOVW gain+32(FP), R4
	VDUP R4, V12.S4

mixMinus:
	VLD1.P 32(R3), [V6.H8, V7.H8]
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	SSUBW(6, 0, 0)
	SSUBW2(6, 1, 1)
	SSUBW(7, 2, 2)
	SSUBW2(7, 3, 3)
	GAIN(0)
	GAIN(1)
	GAIN(2)
	GAIN(3)
	SQXTN(0, 4)
	SQXTN2(1, 4)
	SQXTN(2, 5)
	SQXTN2(3, 5)
	VST1.P [V4.H8, V5.H8], 32(R0)
	SUBS   $16, R2, R2
	BNE    mixMinus
	RET

// func scaleVector(pcm *int16, n int, gain int32)
TEXT ·scaleVector(SB), NOSPLIT, $0-20
	MOVD pcm+0(FP), R0
	MOVD n+8(FP), R2
	MOVW gain+16(FP), R4
	VDUP R4, V12.S4

scale:
	VLD1   (R0), [V6.H8, V7.H8]
	SXTL(6, 0)
	SXTL2(6, 1)
	SXTL(7, 2)
	SXTL2(7, 3)
	GAIN(0)
	GAIN(1)
	GAIN(2)
	GAIN(3)
	SQXTN(0, 4)
	SQXTN2(1, 4)
	SQXTN(2, 5)
	SQXTN2(3, 5)
	VST1.P [V4.H8, V5.H8], 32(R0)
	SUBS   $16, R2, R2
	BNE    scale
	RET

// TAP makes the tap sums of V6 and V7 in R6, rounded. 2^19 is one half of a tap's unit.
#define TAP() \
	VADD V7.D2, V6.D2, V6.D2 \
	ADDP(6, 6) \
	VMOV V6.D[0], R6 \
	ADD  $0x80000, R6, R6 \
	ASR  $20, R6, R6

// func interpolateVector(dst, buf, taps *int32, windows, up int)
// Every window of 24 samples, one sample after the other, gives up outputs, each by 24
// taps of its own.
TEXT ·interpolateVector(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD buf+8(FP), R1
	MOVD taps+16(FP), R3
	MOVD windows+24(FP), R2
	MOVD up+32(FP), R4

window:
	ADD  $64, R1, R5
	VLD1 (R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (R5), [V4.S4, V5.S4]
	ADD  $4, R1, R1
	MOVD R3, R8
	MOVD R4, R10

phase:
	VLD1.P 64(R8), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 32(R8), [V20.S4, V21.S4]
	SMULL(16, 0, 6)
	SMULL2(16, 0, 7)
	SMLAL(17, 1, 6)
	SMLAL2(17, 1, 7)
	SMLAL(18, 2, 6)
	SMLAL2(18, 2, 7)
	SMLAL(19, 3, 6)
	SMLAL2(19, 3, 7)
	SMLAL(20, 4, 6)
	SMLAL2(20, 4, 7)
	SMLAL(21, 5, 6)
	SMLAL2(21, 5, 7)
	TAP()
	MOVW.P R6, 4(R0)
	SUBS   $1, R10, R10
	BNE    phase
	SUBS   $1, R2, R2
	BNE    window
	RET

// func decimateVector(dst, buf, taps *int32, outputs, down int)
// Every output is made of 24·down samples, down samples after those of the one before.
TEXT ·decimateVector(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD buf+8(FP), R1
	MOVD taps+16(FP), R3
	MOVD outputs+24(FP), R2
	MOVD down+32(FP), R4

output:
	MOVD R3, R8
	MOVD R1, R9
	MOVD R4, R10
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16

block:
	VLD1.P 64(R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 32(R9), [V4.S4, V5.S4]
	VLD1.P 64(R8), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 32(R8), [V20.S4, V21.S4]
	SMLAL(16, 0, 6)
	SMLAL2(16, 0, 7)
	SMLAL(17, 1, 6)
	SMLAL2(17, 1, 7)
	SMLAL(18, 2, 6)
	SMLAL2(18, 2, 7)
	SMLAL(19, 3, 6)
	SMLAL2(19, 3, 7)
	SMLAL(20, 4, 6)
	SMLAL2(20, 4, 7)
	SMLAL(21, 5, 6)
	SMLAL2(21, 5, 7)
	SUBS   $1, R10, R10
	BNE    block
	TAP()
	MOVW.P R6, 4(R0)
	ADD    R4<<2, R1, R1
	SUBS   $1, R2, R2
	BNE    output
	RET
