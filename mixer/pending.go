package mixer

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	maxPtime         = 60 * time.Millisecond
	maxReceive       = 16
	maxReceiveEvents = 4
)

type worker struct{ inbox inbox }

func (w *worker) enqueue(m *mailbox) { w.inbox.push(m) }
func (w *worker) overloaded() bool   { return false }

type leg struct{}

func (l *leg) setMedia(*worker, Media) *worker                 { return nil }
func (l *leg) setRemote(*worker, netip.AddrPort, bool) *worker { return nil }
func (l *leg) join(*worker, *Room, JoinOptions) *worker        { return nil }
func (l *leg) connect(*worker, *Pair) *worker                  { return nil }
func (l *leg) echo(*worker) *worker                            { return nil }
func (l *leg) idle(*worker) *worker                            { return nil }
func (l *leg) play(*worker, *Clip, PlayOptions) *worker        { return nil }
func (l *leg) stopPlay(*worker) *worker                        { return nil }
func (l *leg) setMuted(*worker, bool, bool) *worker            { return nil }
func (l *leg) setHold(*worker, bool) *worker                   { return nil }
func (l *leg) close(*worker) *worker                           { return nil }
func (l *leg) sendDigits(*worker, string, time.Duration, time.Duration) *worker {
	return nil
}

type mix struct{}

func (x *mix) play(*worker, *Clip, PlayOptions) {}
func (x *mix) stopPlay(*worker)                 {}
func (x *mix) close(*worker)                    {}

type link struct{}

func (l *link) close(*worker) {}

type portStats struct{}

func (s *portStats) load() PortStats { return PortStats{} }

type roomStats struct{}

func (s *roomStats) snapshot(r *Room) RoomSnapshot { return RoomSnapshot{Name: r.cfg.Name} }

type pairStats struct{}

func (s *pairStats) load() (PairMode, PairMode) { return PairIdle, PairIdle }

func validateDigits(digits string, duration, gap time.Duration) error {
	if digits == "" {
		return fault.New(fault.Invalid, "mixer: no digits")
	}
	return nil
}
