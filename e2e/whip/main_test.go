// Package whip_test has a program publish into a room of a started server as OBS does, and a page
// in a real browser watch it.
package whip_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
