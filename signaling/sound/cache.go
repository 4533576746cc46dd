package sound

import (
	"container/list"
	"errors"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// stamp tells one version of a file from another.
type stamp struct {
	modified time.Time
	bytes    int64
}

// entry is what is kept under a key: a clip, or a tone.
type entry struct {
	clip  *mixer.Clip
	tone  signaling.Tone
	bytes int // of PCM
}

// cache keeps what was made last, up to a number of bytes. What several ask for at
// one time is made once.
type cache struct {
	max int // bytes

	mu    sync.Mutex
	kept  map[string]*list.Element // of *slot
	order list.List                // newest use first
	bytes int
}

type slot struct {
	key   string
	stamp stamp
	size  int // as counted in cache.bytes
	once  sync.Once
	entry entry
	err   error
}

// slotBytes is what keeping an entry costs beside its PCM.
const slotBytes = 512

var errNotMade = errors.New("the sound could not be made")

func newCache(bytes int) *cache { return &cache{max: bytes, kept: make(map[string]*list.Element)} }

// get gives the entry of a key, made anew when its stamp is another one. Errors
// are not kept.
func (c *cache) get(key string, s stamp, produce func() (entry, error)) (entry, error) {
	c.mu.Lock()
	e := c.kept[key]
	if e != nil && e.Value.(*slot).stamp != s {
		c.drop(e)
		e = nil
	}
	if e == nil {
		e = c.order.PushFront(&slot{key: key, stamp: s})
		c.kept[key] = e
	}
	c.order.MoveToFront(e)
	c.mu.Unlock()

	sl := e.Value.(*slot)
	sl.once.Do(func() {
		sl.err = errNotMade // should produce panic
		defer func() { c.made(e) }()
		sl.entry, sl.err = produce()
	})
	return sl.entry, sl.err
}

// made counts what a slot holds now, or forgets the slot.
func (c *cache) made(e *list.Element) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sl := e.Value.(*slot)
	switch {
	case c.kept[sl.key] != e: // dropped meanwhile
	case sl.err != nil, sl.entry.bytes > c.max/4: // one long sound is not worth many short ones
		c.drop(e)
	default:
		sl.size = sl.entry.bytes + slotBytes
		c.bytes += sl.size
		c.shrink()
	}
}

// drop forgets an element. The lock is held.
func (c *cache) drop(e *list.Element) {
	sl := e.Value.(*slot)
	c.bytes -= sl.size
	delete(c.kept, sl.key)
	c.order.Remove(e)
}

// shrink forgets what was not used for longest until the rest fits. The lock is
// held.
func (c *cache) shrink() {
	for c.bytes > c.max && c.order.Len() > 0 {
		c.drop(c.order.Back())
	}
}
