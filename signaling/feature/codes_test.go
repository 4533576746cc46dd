package feature

import "testing"

// Keys become what they ask for, at once or when no more come.
func TestCodes(t *testing.T) {
	known := []code{{"#", blindTransfer}, {"*2", attendedTransfer}, {"*", hangUp}, {"", abort}, {"55", complete}}
	for _, tc := range []struct {
		keys string
		want []action // of each key
		over action   // and of the pause after them
	}{
		{"#", []action{blindTransfer}, nothing},
		{"*", []action{nothing}, hangUp},
		{"*2", []action{nothing, attendedTransfer}, nothing},
		{"1*2", []action{nothing, nothing, attendedTransfer}, nothing},
		{"*#", []action{nothing, blindTransfer}, nothing},
		{"**2", []action{nothing, nothing, attendedTransfer}, nothing},
		{"5", []action{nothing}, nothing},
		{"5#", []action{nothing, blindTransfer}, nothing},
		{"555", []action{nothing, complete, nothing}, nothing},
		{"0000", []action{nothing, nothing, nothing, nothing}, nothing},
	} {
		c := codes{known: known}
		for i := range len(tc.keys) {
			if got, _ := c.press(tc.keys[i]); got != tc.want[i] {
				t.Errorf("%s: key %d asks for %d, want %d", tc.keys, i, got, tc.want[i])
			}
		}
		if got := c.over(); got != tc.over || c.got != "" {
			t.Errorf("%s: at the end %d, want %d; left %q", tc.keys, got, tc.over, c.got)
		}
	}
}
