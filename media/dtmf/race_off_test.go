//go:build !race

package dtmf_test

const thorough = true
