//go:build race

package dtmf_test

// thorough tells that there is time for all of it: the race detector, for which this
// has nothing, makes it ten times slower.
const thorough = false
