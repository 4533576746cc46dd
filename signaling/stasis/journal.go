package stasis

import (
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Entry is one event as one application is told of it.
type Entry struct {
	// Seq grows by one with every event of the application. It begins with the milliseconds of the
	// time at which the application was made, times a thousand, so that a number from before a
	// restart is none that will be given soon.
	Seq   uint64
	Event *event.Event
	App   string
	// Missed is how many events before this one the reader was too slow, or away too long, for.
	Missed uint64

	shared *encoded
	to     *Reader // who alone is to read it, with observers; nil is everybody
}

// encoded is an event as it is written, made once for all who read it.
type encoded struct {
	once sync.Once
	text []byte
}

// Text is the event as encode writes it, which is called once for all readers.
func (e *Entry) Text(encode func(*Entry) []byte) []byte {
	e.shared.once.Do(func() { e.shared.text = encode(e) })
	return e.shared.text
}

// journal is the newest events of an application. The registry's lock guards it.
type journal struct {
	entries []Entry
	next    uint64 // the number of the next entry
	most    int
	resumed bool // somebody may ask for events that were read already
}

func newJournal(most int, now time.Time) journal {
	return journal{next: uint64(now.UnixMilli()) * 1000, most: most} //nolint:gosec // after 1970
}

// first is the number of the oldest entry that is kept; next, if none is.
func (j *journal) first() uint64 { return j.next - uint64(len(j.entries)) }

func (j *journal) add(e *event.Event, app string, to *Reader) {
	if len(j.entries) >= j.most {
		j.drop(len(j.entries) - j.most + 1)
	}
	j.entries = append(j.entries, Entry{Seq: j.next, Event: e, App: app, to: to, shared: new(encoded)})
	j.next++
}

// forget drops what everybody has read, those before a number, unless it may be asked for.
func (j *journal) forget(before uint64) {
	if !j.resumed && before > j.first() {
		j.drop(int(min(before, j.next) - j.first())) //nolint:gosec // at most len(entries)
	}
}

// drop forgets the n oldest; the memory is given up as append moves on.
func (j *journal) drop(n int) {
	clear(j.entries[:n])
	j.entries = j.entries[n:]
}

// at is the entry of a number that is kept.
func (j *journal) at(seq uint64) Entry { return j.entries[seq-j.first()] }
