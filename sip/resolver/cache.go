package resolver

import (
	"container/list"
	"time"

	"github.com/miekg/dns"
)

// question is what a server is asked; the name is in lower case, with its last dot.
type question struct {
	name string
	kind uint16
}

// entry is what is known of a question.
type entry struct {
	q       question
	records []dns.RR // of the kind asked for; none says that there is none
	// until is when the records must be asked for again; zero when there never
	// was an answer.
	until time.Time
	// failures counts those since the last answer, of which err is the last; the
	// servers are not asked before retry.
	failures int
	err      error
	retry    time.Time
}

// fresh reports whether the entry answers without a question.
func (e *entry) fresh(now time.Time) bool {
	return e != nil && (now.Before(e.until) || now.Before(e.retry))
}

// stale reports whether old records may serve in place of new ones.
func (e *entry) stale(now time.Time, most time.Duration) bool {
	return e != nil && len(e.records) > 0 && now.Before(e.until.Add(most))
}

// cache keeps entries, dropping what was used longest ago. It has no lock.
type cache struct {
	limit int
	by    map[question]*list.Element // of *entry, which is never changed
	used  *list.List                 // the last used first
}

func newCache(limit int) cache {
	return cache{limit: limit, by: make(map[question]*list.Element), used: list.New()}
}

func (c *cache) get(q question) *entry {
	el := c.by[q]
	if el == nil {
		return nil
	}
	c.used.MoveToFront(el)
	return el.Value.(*entry)
}

func (c *cache) put(e *entry) {
	if el := c.by[e.q]; el != nil {
		el.Value = e
		c.used.MoveToFront(el)
		return
	}
	c.by[e.q] = c.used.PushFront(e)
	for c.used.Len() > c.limit {
		last := c.used.Back()
		c.used.Remove(last)
		delete(c.by, last.Value.(*entry).q)
	}
}
