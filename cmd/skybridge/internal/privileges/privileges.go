// Package privileges gives up those of root. It starts no goroutine.
package privileges

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/usage"
)

// Become gives up root for another user and group, for good, before anything is
// opened: what the server makes is theirs. Without names it changes nothing. realtime
// lets the mixer keep its scheduling, which root alone may ask for.
func Become(name, group string, realtime bool) error {
	if name == "" && group == "" {
		return nil
	}
	uid, gid, groups, err := identity(name, group)
	if err != nil {
		return err
	}
	if os.Geteuid() == uid && os.Getegid() == gid {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("run as user %d, group %d: only root may", uid, gid)
	}
	if realtime {
		allowRealtime()
	}
	if err := syscall.Setgroups(groups); err != nil {
		return fmt.Errorf("give up root's groups: %w", err)
	}
	if err := syscall.Setgid(gid); err != nil {
		return fmt.Errorf("become group %d: %w", gid, err)
	}
	if err := syscall.Setuid(uid); err != nil {
		return fmt.Errorf("become user %d: %w", uid, err)
	}
	return nil
}

// identity is a user and a group by their names or numbers: ourselves where no name
// is given, the user's own group where none is.
func identity(name, group string) (uid, gid int, groups []int, err error) {
	uid, gid = os.Geteuid(), os.Getegid()
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			if u, err = user.LookupId(name); err != nil {
				return 0, 0, nil, usage.Wrap(fmt.Errorf("--user: no such user %q", name))
			}
		}
		ids, err := u.GroupIds()
		if err != nil {
			return 0, 0, nil, fmt.Errorf("groups of %s: %w", name, err)
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return 0, 0, nil, fmt.Errorf("user %s: %w", name, err)
		}
		for _, id := range append(ids, u.Gid) { // the user's own is the last
			if gid, err = strconv.Atoi(id); err != nil {
				return 0, 0, nil, fmt.Errorf("groups of %s: %w", name, err)
			}
			groups = append(groups, gid)
		}
	}
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			if g, err = user.LookupGroupId(group); err != nil {
				return 0, 0, nil, usage.Wrap(fmt.Errorf("--group: no such group %q", group))
			}
		}
		if gid, err = strconv.Atoi(g.Gid); err != nil {
			return 0, 0, nil, fmt.Errorf("group %s: %w", group, err)
		}
	}
	return uid, gid, groups, nil
}

const rlimitRTPrio = 14 // RLIMIT_RTPRIO of setrlimit(2)

// allowRealtime lets the process ask for real-time scheduling without being root. A
// kernel that refuses leaves it at that: the mixer says how it is scheduled.
func allowRealtime() {
	_ = syscall.Setrlimit(rlimitRTPrio, &syscall.Rlimit{Cur: 99, Max: 99})
}
