package peer

import "testing"

// Eventually waits until ok gives no error, and fails the test when that does not
// come within a time that no machine needs.
func Eventually(t testing.TB, what string, ok func() error) {
	t.Helper()
	eventually(t, what, ok)
}
