#include "textflag.h"

// AVX2. Lengths are multiples of 16 samples, and not 0, where nothing else is said.
// Loads and stores need no alignment.

// func accumulateVector(sum *int32, pcm *int16, n int)
TEXT ·accumulateVector(SB), NOSPLIT, $0-24
	MOVQ sum+0(FP), DI
	MOVQ pcm+8(FP), SI
	MOVQ n+16(FP), CX

accumulate:
	VPMOVSXWD (SI), Y0
	VPMOVSXWD 16(SI), Y1
	VPADDD    (DI), Y0, Y0
	VPADDD    32(DI), Y1, Y1
	VMOVDQU   Y0, (DI)
	VMOVDQU   Y1, 32(DI)
	ADDQ      $32, SI
	ADDQ      $64, DI
	SUBQ      $16, CX
	JNZ       accumulate
	VZEROUPPER
	RET

// func accumulate32Vector(sum, src *int32, n int)
TEXT ·accumulate32Vector(SB), NOSPLIT, $0-24
	MOVQ sum+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

accumulate32:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPADDD  (DI), Y0, Y0
	VPADDD  32(DI), Y1, Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JNZ     accumulate32
	VZEROUPPER
	RET

// func narrowVector(dst *int16, sum *int32, n int)
TEXT ·narrowVector(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ sum+8(FP), SI
	MOVQ n+16(FP), CX

narrow:
	VMOVDQU   (SI), Y0
	VPACKSSDW 32(SI), Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $64, SI
	ADDQ      $32, DI
	SUBQ      $16, CX
	JNZ       narrow
	VZEROUPPER
	RET

// func narrowMinusVector(dst *int16, sum *int32, own *int16, n int)
TEXT ·narrowMinusVector(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ sum+8(FP), SI
	MOVQ own+16(FP), DX
	MOVQ n+24(FP), CX

narrowMinus:
	VPMOVSXWD (DX), Y2
	VPMOVSXWD 16(DX), Y3
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VPSUBD    Y2, Y0, Y0
	VPSUBD    Y3, Y1, Y1
	VPACKSSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $64, SI
	ADDQ      $32, DX
	ADDQ      $32, DI
	SUBQ      $16, CX
	JNZ       narrowMinus
	VZEROUPPER
	RET

// REDUCE makes lo of the least of Y4, hi of the largest of Y5.
#define REDUCE(lo, hi) \
	VEXTRACTI128 $1, Y4, X0 \
	VEXTRACTI128 $1, Y5, X1 \
	VPMINSD      X0, X4, X4 \
	VPMAXSD      X1, X5, X5 \
	VPSHUFD      $0x4E, X4, X0 \
	VPSHUFD      $0x4E, X5, X1 \
	VPMINSD      X0, X4, X4 \
	VPMAXSD      X1, X5, X5 \
	VPSHUFD      $0xB1, X4, X0 \
	VPSHUFD      $0xB1, X5, X1 \
	VPMINSD      X0, X4, X4 \
	VPMAXSD      X1, X5, X5 \
	VMOVD        X4, AX \
	VMOVD        X5, BX \
	MOVL         AX, lo \
	MOVL         BX, hi

// func peakVector(sum *int32, n int) (lo, hi int32)
TEXT ·peakVector(SB), NOSPLIT, $0-24
	MOVQ  sum+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5

peak:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPMINSD Y0, Y4, Y4
	VPMAXSD Y0, Y5, Y5
	VPMINSD Y1, Y4, Y4
	VPMAXSD Y1, Y5, Y5
	ADDQ    $64, SI
	SUBQ    $16, CX
	JNZ     peak
	REDUCE(lo+16(FP), hi+20(FP))
	VZEROUPPER
	RET

// func peakMinusVector(sum *int32, own *int16, n int) (lo, hi int32)
TEXT ·peakMinusVector(SB), NOSPLIT, $0-32
	MOVQ  sum+0(FP), SI
	MOVQ  own+8(FP), DX
	MOVQ  n+16(FP), CX
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5

peakMinus:
	VPMOVSXWD (DX), Y2
	VPMOVSXWD 16(DX), Y3
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VPSUBD    Y2, Y0, Y0
	VPSUBD    Y3, Y1, Y1
	VPMINSD   Y0, Y4, Y4
	VPMAXSD   Y0, Y5, Y5
	VPMINSD   Y1, Y4, Y4
	VPMAXSD   Y1, Y5, Y5
	ADDQ      $64, SI
	ADDQ      $32, DX
	SUBQ      $16, CX
	JNZ       peakMinus
	REDUCE(lo+24(FP), hi+28(FP))
	VZEROUPPER
	RET

// func energyVector(pcm *int16, n int) uint64
// A pair of squares is up to 2^31, which is unsigned.
TEXT ·energyVector(SB), NOSPLIT, $0-24
	MOVQ  pcm+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4

energy:
	VMOVDQU    (SI), Y0
	VPMADDWD   Y0, Y0, Y0
	VPUNPCKLDQ Y3, Y0, Y1
	VPUNPCKHDQ Y3, Y0, Y0
	VPADDQ     Y1, Y4, Y4
	VPADDQ     Y0, Y4, Y4
	ADDQ       $32, SI
	SUBQ       $16, CX
	JNZ        energy
	VEXTRACTI128 $1, Y4, X0
	VPADDQ     X0, X4, X4
	VPSHUFD    $0x4E, X4, X0
	VPADDQ     X0, X4, X4
	VMOVQ      X4, AX
	MOVQ       AX, ret+16(FP)
	VZEROUPPER
	RET

// Gains. A product of 64 bits is raised by 2^50, so that it is not negative and a shift
// without sign rounds it; what it was raised by is 2^35 afterwards, of which the lower
// 32 bits know nothing.
DATA raise<>+0(SB)/8, $0x0004000000004000 // 2^50 and one half
DATA least<>+0(SB)/8, $0x00000007FFFF8000 // 2^35 − 32768
DATA most<>+0(SB)/8, $0x0000000800007FFF  // 2^35 + 32767
GLOBL raise<>(SB), RODATA|NOPTR, $8
GLOBL least<>(SB), RODATA|NOPTR, $8
GLOBL most<>(SB), RODATA|NOPTR, $8

// GAIN multiplies the eight of y by the gain in Y12, into y, clipped. a, b and m are
// overwritten.
#define GAIN(y, a, b, m) \
	VPSRLQ    $32, y, b \
	VPMULDQ   Y12, y, a \
	VPMULDQ   Y12, b, b \
	VPADDQ    Y13, a, a \
	VPADDQ    Y13, b, b \
	VPSRLQ    $15, a, a \
	VPSRLQ    $15, b, b \
	VPCMPGTQ  Y15, a, m \
	VBLENDVPD m, Y15, a, a \
	VPCMPGTQ  Y15, b, m \
	VBLENDVPD m, Y15, b, b \
	VPCMPGTQ  a, Y14, m \
	VBLENDVPD m, Y14, a, a \
	VPCMPGTQ  b, Y14, m \
	VBLENDVPD m, Y14, b, b \
	VPSLLQ    $32, b, b \
	VPBLENDD  $0xAA, b, a, y

#define GAINS(gain) \
	MOVLQSX      gain, AX \
	VMOVQ        AX, X12 \
	VPBROADCASTQ X12, Y12 \
	VPBROADCASTQ raise<>(SB), Y13 \
	VPBROADCASTQ least<>(SB), Y14 \
	VPBROADCASTQ most<>(SB), Y15

// func mixVector(dst *int16, sum *int32, n int, gain int32)
TEXT ·mixVector(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DI
	MOVQ sum+8(FP), SI
	MOVQ n+16(FP), CX
	GAINS(gain+24(FP))

mix:
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	GAIN(Y0, Y2, Y3, Y4)
	GAIN(Y1, Y5, Y6, Y7)
	VPACKSSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $64, SI
	ADDQ      $32, DI
	SUBQ      $16, CX
	JNZ       mix
	VZEROUPPER
	RET

// func mixMinusVector(dst *int16, sum *int32, own *int16, n int, gain int32)
TEXT ·mixMinusVector(SB), NOSPLIT, $0-36
	MOVQ dst+0(FP), DI
	MOVQ sum+8(FP), SI
	MOVQ own+16(FP), DX
	MOVQ n+24(FP), CX
	GAINS(gain+32(FP))

mixMinus:
	VPMOVSXWD (DX), Y2
	VPMOVSXWD 16(DX), Y3
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VPSUBD    Y2, Y0, Y0
	VPSUBD    Y3, Y1, Y1
	GAIN(Y0, Y2, Y3, Y4)
	GAIN(Y1, Y5, Y6, Y7)
	VPACKSSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $64, SI
	ADDQ      $32, DX
	ADDQ      $32, DI
	SUBQ      $16, CX
	JNZ       mixMinus
	VZEROUPPER
	RET

// func scaleVector(pcm *int16, n int, gain int32)
TEXT ·scaleVector(SB), NOSPLIT, $0-20
	MOVQ pcm+0(FP), DI
	MOVQ n+8(FP), CX
	GAINS(gain+16(FP))

scale:
	VPMOVSXWD (DI), Y0
	VPMOVSXWD 16(DI), Y1
	GAIN(Y0, Y2, Y3, Y4)
	GAIN(Y1, Y5, Y6, Y7)
	VPACKSSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $32, DI
	SUBQ      $16, CX
	JNZ       scale
	VZEROUPPER
	RET

// TAP makes the tap sum of Y8 in AX, rounded. 2^19 is one half of a tap's unit.
#define TAP() \
	VEXTRACTI128 $1, Y8, X9 \
	VPADDQ       X9, X8, X8 \
	VPSHUFD      $0x4E, X8, X9 \
	VPADDQ       X9, X8, X8 \
	VMOVQ        X8, AX \
	ADDQ         $0x80000, AX \
	SARQ         $20, AX

// func interpolateVector(dst, buf *int32, taps *int64, windows, up int)
// Every window of 24 samples, one sample after the other, gives up outputs, each by 24
// taps of its own.
TEXT ·interpolateVector(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ buf+8(FP), SI
	MOVQ taps+16(FP), DX
	MOVQ windows+24(FP), CX
	MOVQ up+32(FP), R9

window:
	VPMOVSXDQ (SI), Y0
	VPMOVSXDQ 16(SI), Y1
	VPMOVSXDQ 32(SI), Y2
	VPMOVSXDQ 48(SI), Y3
	VPMOVSXDQ 64(SI), Y4
	VPMOVSXDQ 80(SI), Y5
	MOVQ      DX, R8
	MOVQ      R9, R10

phase:
	VPMULDQ (R8), Y0, Y8
	VPMULDQ 32(R8), Y1, Y9
	VPMULDQ 64(R8), Y2, Y10
	VPMULDQ 96(R8), Y3, Y11
	VPADDQ  Y9, Y8, Y8
	VPADDQ  Y11, Y10, Y10
	VPMULDQ 128(R8), Y4, Y9
	VPMULDQ 160(R8), Y5, Y11
	VPADDQ  Y10, Y8, Y8
	VPADDQ  Y11, Y9, Y9
	VPADDQ  Y9, Y8, Y8
	TAP()
	MOVL    AX, (DI)
	ADDQ    $4, DI
	ADDQ    $192, R8
	DECQ    R10
	JNZ     phase
	ADDQ    $4, SI
	DECQ    CX
	JNZ     window
	VZEROUPPER
	RET

// func decimateVector(dst, buf *int32, taps *int64, outputs, down int)
// Every output is made of 24·down samples, down samples after those of the one before.
TEXT ·decimateVector(SB), NOSPLIT, $0-40
	MOVQ  dst+0(FP), DI
	MOVQ  buf+8(FP), SI
	MOVQ  taps+16(FP), DX
	MOVQ  outputs+24(FP), CX
	MOVQ  down+32(FP), R9
	MOVQ  R9, R11
	SHLQ  $2, R11         // bytes from one output's samples to the next one's

output:
	MOVQ  DX, R8
	MOVQ  SI, BX
	MOVQ  R9, R10
	VPXOR Y8, Y8, Y8
	VPXOR Y7, Y7, Y7

block:
	VPMOVSXDQ (BX), Y0
	VPMOVSXDQ 16(BX), Y1
	VPMOVSXDQ 32(BX), Y2
	VPMOVSXDQ 48(BX), Y3
	VPMOVSXDQ 64(BX), Y4
	VPMOVSXDQ 80(BX), Y5
	VPMULDQ   (R8), Y0, Y0
	VPMULDQ   32(R8), Y1, Y1
	VPMULDQ   64(R8), Y2, Y2
	VPMULDQ   96(R8), Y3, Y3
	VPMULDQ   128(R8), Y4, Y4
	VPMULDQ   160(R8), Y5, Y5
	VPADDQ    Y0, Y8, Y8
	VPADDQ    Y1, Y7, Y7
	VPADDQ    Y2, Y8, Y8
	VPADDQ    Y3, Y7, Y7
	VPADDQ    Y4, Y8, Y8
	VPADDQ    Y5, Y7, Y7
	ADDQ      $96, BX
	ADDQ      $192, R8
	DECQ      R10
	JNZ       block
	VPADDQ    Y7, Y8, Y8
	TAP()
	MOVL      AX, (DI)
	ADDQ      $4, DI
	ADDQ      R11, SI
	DECQ      CX
	JNZ       output
	VZEROUPPER
	RET
