// Package room50_test has fifty browsers in one room of a started server, ten of them with a
// camera, as transports: real ICE, DTLS and SRTP, recorded pictures and tones encoded before, so
// that the machine that tests is enough for all of them.
package room50_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
