// Package video_test has browsers see each other through a started server: the frames of a test
// picture are counted, and compared with what was filmed, after they were decoded.
package video_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
