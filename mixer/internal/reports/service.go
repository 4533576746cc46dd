// Package reports is the RTCP of an engine's socket legs (RFC 3550 §6): when reports are
// due, from where packets are taken, and what they tell. Everything happens on the
// control side; of a packet that comes on the port of RTP a worker does no more than hand
// it over.
//
// Each leg has a Reporter. Outgoing bytes leave through Reporter.send, incoming ones
// enter through Reporter.take.
//
// Goroutines: two per Service, one that waits for the next report or for packets on
// sockets of RTCP's own, and one for packets that workers hand over. Start begins them,
// Close ends them.
package reports

import (
	"container/heap"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/secure"
)

const (
	// MaxPacket is the longest packet that a worker hands over: a compound packet with
	// the longest CNAME, metrics, and SRTCP's trailer.
	MaxPacket = 512
	// backlog is how many packets of workers may wait.
	backlog = 256
	// idle is how long to wait when nothing is due.
	idle = time.Hour
)

// Packet is what a worker hands over: RTCP that came on the port of RTP.
type Packet struct {
	To      *Reporter
	Arrival int64 // unix nanoseconds
	From    netip.AddrPort
	N       int
	Data    [MaxPacket]byte
}

// Service is the reports of all legs of an engine.
type Service struct {
	cfg    rtcp.Config
	log    *slog.Logger
	queue  *ring.Queue[Packet]
	poller *rtp.Poller // nil before Start
	now    func() time.Time
	stop   chan struct{}
	group  sync.WaitGroup

	mu      sync.Mutex
	due     dueList
	sockets map[int32]*Reporter
	lastID  int32
	scratch rtcp.Scratch
	room    secure.Room
	batch   *rtp.Batch // the waiting goroutine's
	buf     []byte     // a packet to be sent
	closing bool
}

// New makes a Service that nothing drives yet. It hears of what workers hand over by a
// Bell, which is nil where there are none.
func New(cfg rtcp.Config, bell *doorbell.Bell, log *slog.Logger) *Service {
	return &Service{
		cfg: cfg, log: log, queue: ring.NewQueue[Packet](backlog, bell), now: time.Now, stop: make(chan struct{}),
		sockets: make(map[int32]*Reporter), batch: rtp.NewBatch(4, 0), buf: make([]byte, 0, rtp.BatchSlotBytes),
	}
}

// Start begins to work. The error is of kind fault.Unavailable.
func (s *Service) Start() error {
	p, err := rtp.NewPoller()
	if err != nil {
		return err
	}
	s.poller = p
	s.group.Go(s.wait)     // owned by s, ended by Close
	s.group.Go(s.takeover) // owned by s, ended by Close
	return nil
}

// Close ends the Service, after its Reporters.
func (s *Service) Close() error {
	if s.poller == nil {
		return nil
	}
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	close(s.stop)
	s.poller.Wake()
	s.group.Wait()
	return s.poller.Close()
}

// Hand gives a packet to its Reporter; a worker calls it. The packet is copied; false
// says that it was lost, as there is no room.
func (s *Service) Hand(p *Packet) bool { return s.queue.Push(p) }

// wait is the goroutine of reports and of RTCP's own sockets.
func (s *Service) wait() {
	defer guard.Recover(s.log, "rtcp reports, which end")
	var ids []int32
	for {
		next, open := s.step(s.now())
		if !open {
			return
		}
		var err error
		if ids, err = s.poller.Wait(next.Sub(s.now()), ids[:0]); err != nil {
			s.log.Error("rtcp reports end", "err", err)
			return
		}
		now := s.now()
		for _, id := range ids {
			s.read(id, now)
		}
	}
}

// step sends what is due, and tells when something will be. open is false at the end.
func (s *Service) step(now time.Time) (next time.Time, open bool) {
	for {
		r, next, open := s.pop(now)
		if r == nil {
			return next, open
		}
		if !guard.Do(s.log, "an rtcp report", func() { r.report(now) }) {
			s.forget(r)
		}
	}
}

// pop gives a Reporter that is due now, or when the next one is.
func (s *Service) pop(now time.Time) (r *Reporter, next time.Time, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return nil, now, false
	case len(s.due) == 0:
		return nil, now.Add(idle), true
	case s.due[0].session.Next().After(now):
		return nil, s.due[0].session.Next(), true
	}
	return s.due[0], now, true
}

// forget ends the reports of one that cannot make any.
func (s *Service) forget(r *Reporter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.at >= 0 {
		heap.Remove(&s.due, r.at)
	}
}

// takeover is the goroutine of packets that workers hand over.
func (s *Service) takeover() {
	defer guard.Recover(s.log, "rtcp on ports of RTP, which is lost from now on")
	s.queue.Run(s.stop, s.handed)
}

// handed takes a packet from a worker.
func (s *Service) handed(p *Packet) {
	guard.Do(s.log, "an rtcp packet", func() {
		p.To.take(p.Data[:p.N], p.From, time.Unix(0, p.Arrival), s.now(), true)
	})
}

// read takes what waits in the socket of a Reporter.
func (s *Service) read(id int32, now time.Time) {
	s.mu.Lock()
	r := s.sockets[id]
	s.mu.Unlock()
	if r == nil {
		return // closed meanwhile
	}
	n, err := r.own.Recv(s.batch)
	if err != nil {
		return // closed meanwhile
	}
	for i := range n {
		if s.batch.Truncated(i) {
			continue // counted by the socket
		}
		arrival := now
		if ns := s.batch.Arrival(i); ns != 0 {
			arrival = time.Unix(0, ns)
		}
		guard.Do(s.log, "an rtcp packet", func() { r.take(s.batch.Packet(i), s.batch.From(i), arrival, now, false) })
	}
	r.listen()
}

// dueList is a heap of the Reporters that have a session, by when they are due.
type dueList []*Reporter

func (d dueList) Len() int           { return len(d) }
func (d dueList) Less(i, j int) bool { return d[i].session.Next().Before(d[j].session.Next()) }
func (d dueList) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].at, d[j].at = i, j
}

func (d *dueList) Push(x any) {
	r := x.(*Reporter)
	r.at = len(*d)
	*d = append(*d, r)
}

func (d *dueList) Pop() any {
	old := *d
	r := old[len(old)-1]
	old[len(old)-1] = nil
	*d = old[:len(old)-1]
	r.at = -1
	return r
}

var _ heap.Interface = (*dueList)(nil)
