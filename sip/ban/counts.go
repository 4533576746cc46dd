package ban

import (
	"net/netip"
	"time"
)

// count is what a source has done of late.
type count struct {
	failures, scans int       // scans are the rumours in the table of those
	halved          time.Time // when both counts were
	times           int       // bans so far
	until           time.Time // when the last ends
}

// fade halves the counts once for each window that has passed.
func (c *count) fade(now time.Time, window time.Duration) {
	windows := int(now.Sub(c.halved) / window)
	if c.failures+c.scans == 0 || windows > 32 {
		c.failures, c.scans, c.halved = 0, 0, now
		return
	}
	c.failures, c.scans = c.failures>>windows, c.scans>>windows
	c.halved = c.halved.Add(time.Duration(windows) * window)
}

// counts are those of many sources, in two generations: what was not touched for longest
// is forgotten, a half at a time, so that no source makes another wait.
type counts struct {
	young, old map[netip.Prefix]count
}

func (t *counts) get(k netip.Prefix) (count, bool) {
	if c, ok := t.young[k]; ok {
		return c, true
	}
	c, ok := t.old[k]
	return c, ok
}

// put keeps no more than limit counts, or two where that is less.
func (t *counts) put(k netip.Prefix, c count, limit int) {
	if _, ok := t.young[k]; !ok && (t.young == nil || len(t.young) >= max(limit/2, 1)) {
		t.old, t.young = t.young, make(map[netip.Prefix]count)
	}
	delete(t.old, k)
	t.young[k] = c
}

func (t *counts) drop(k netip.Prefix) {
	delete(t.young, k)
	delete(t.old, k)
}
