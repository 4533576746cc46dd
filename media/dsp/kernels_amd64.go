package dsp

import "golang.org/x/sys/cpu"

// vector tells whether the processor has AVX2, what kernels_amd64.s is written for.
var vector = cpu.X86.HasAVX2

// tap is what the assembly's filters are made of: it multiplies 64-bit lanes.
type tap = int64
