// Package browsers_test holds the started server against Firefox, as the other packages do
// against Chromium: its calls with phones and with Chromium, and what it sees and shows.
package browsers_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
