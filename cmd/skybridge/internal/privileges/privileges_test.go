package privileges

import (
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestIdentity(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	must(t, err)
	uid, err := strconv.Atoi(nobody.Uid)
	must(t, err)
	gid, err := strconv.Atoi(nobody.Gid)
	must(t, err)
	for _, tc := range []struct {
		user, group string
		uid, gid    int
	}{
		{"nobody", "", uid, gid},
		{nobody.Uid, "", uid, gid},
		{"nobody", "root", uid, 0},
		{"", "root", os.Geteuid(), 0},
		{"root", nobody.Gid, 0, gid},
	} {
		u, g, groups, err := identity(tc.user, tc.group)
		if err != nil || u != tc.uid || g != tc.gid {
			t.Errorf("%q %q: %d %d %v, want %d %d", tc.user, tc.group, u, g, err, tc.uid, tc.gid)
		}
		if tc.user == "nobody" && !slices.Contains(groups, gid) {
			t.Errorf("groups of nobody: %v", groups)
		}
	}
}

func TestWhoMayBecomeWhom(t *testing.T) {
	must(t, Become("", "", true))
	must(t, Become(strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid()), true)) // no change
	if os.Geteuid() == 0 {
		return // root may, for good: e2e/newcomer does so in a process of its own
	}
	if err := Become("root", "", true); err == nil || !strings.Contains(err.Error(), "only root may") {
		t.Errorf("a user became root: %v", err)
	}
}
