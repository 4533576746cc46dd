package dsp

// vector tells that the processor has NEON, as every arm64 does.
const vector = true

// tap is what the assembly's filters are made of.
type tap = int32
