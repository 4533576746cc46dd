package dtls

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

const (
	// pause lies between two attempts of ours, patience is how long one may take.
	pause    = 500 * time.Millisecond
	patience = 3 * time.Second
	// linger is how long the peer may ask for our last flight again.
	linger = 30 * time.Second
	// maxAttempts bounds the addresses that a peer behind a translator may turn up at.
	maxAttempts = 4
)

// Peer is with whom a handshake is.
type Peer struct {
	// Active makes us the client, who begins.
	Active bool
	// Address is where the peer says that it is. Symmetric lets one that begins turn up
	// elsewhere, as behind a translator of addresses, and proves itself there.
	Address   netip.AddrPort
	Symmetric bool
	// Fingerprints are of its certificate, Roots of who must stand behind it; nil is
	// nobody.
	Fingerprints srtp.Fingerprints
	Roots        *x509.CertPool
}

// Outcome is what a handshake came to.
type Outcome struct {
	Number uint32 // of Begin
	Turn   uint32 // that Begin gave
	Keys   srtp.Masters
	From   netip.AddrPort // where the peer is
	// Err is of kind fault.Forbidden for a certificate that is not the announced one,
	// fault.Timeout when nothing came of it in time; nil with Keys.
	Err error
}

// Keyer makes the keys of what goes through one socket.
type Keyer struct {
	cfg     Config
	inbox   inbox
	wake    chan struct{} // something waits in inbox or wish
	results chan result
	stop    chan struct{}
	group   sync.WaitGroup
	dropped atomic.Uint64
	// known is where the peer says that it is, or has proved to be; nil before Begin. Until
	// it has, one behind a translator of addresses is as good as any stranger.
	known atomic.Pointer[netip.AddrPort]

	mu        sync.Mutex
	wish      *wish // nil when the goroutine has seen it
	turn      uint32
	announced netip.AddrPort // where the peer says that it is
	running   bool
	closed    bool

	// The rest is the goroutine's.
	current  wish
	ended    bool // keys were made, or will not be
	failed   bool // there will be none, unless somebody asks again
	deadline time.Time
	again    time.Time // of our next attempt; zero is none
	attempts []*attempt
	last     error // of an attempt
	said     int   // the last alert of the peer's
}

// wish is a handshake that is to be; number 0 is none yet.
type wish struct {
	number uint32
	peer   Peer
	turn   uint32
}

// New makes a Keyer that keeps what comes until Begin says with whom it has to do. The
// error is of kind fault.Invalid.
func New(cfg Config) (*Keyer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Keyer{
		cfg: cfg, wake: make(chan struct{}, 1), results: make(chan result), stop: make(chan struct{}), said: alertNone,
	}, nil
}

// Take takes a datagram from the socket, which is copied. It is for one goroutine at a
// time, never waits and allocates nothing. The Keyer looks at it once somebody Wakes it,
// which is not for threads with real-time scheduling.
func (k *Keyer) Take(p []byte, from netip.AddrPort) {
	known := k.known.Load()
	if !k.inbox.push(p, from, known != nil && unmapped(from) != *known) {
		k.dropped.Add(1)
	}
}

// Dropped is how many datagrams were damaged, from elsewhere or too many.
func (k *Keyer) Dropped() uint64 { return k.dropped.Load() }

// Wake has the Keyer look at what it was given. Anybody may call it; it never waits.
func (k *Keyer) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Begin begins the handshake of a number with a peer. One that is under way goes on, with
// as much time as at first; one of another number ends without a word. Numbers begin at 1.
// The turn is the Outcome's: one of an earlier turn is of what was over when this began.
func (k *Keyer) Begin(number uint32, p Peer) (turn uint32) {
	p.Address = unmapped(p.Address)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.turn++
	if k.closed {
		return k.turn
	}
	k.wish = &wish{number, p, k.turn}
	if p.Address != k.announced { // what moves nothing must not unlearn either
		k.announced = p.Address
		k.known.Store(&p.Address)
	}
	if !k.running {
		k.running = true
		k.group.Go(k.run) // owned by k, ended by Close
	}
	k.Wake()
	return k.turn
}

// Close ends all handshakes, with a farewell, and waits for it.
func (k *Keyer) Close() {
	k.mu.Lock()
	closed := k.closed
	k.closed = true
	k.mu.Unlock()
	if !closed {
		close(k.stop)
	}
	k.group.Wait()
}

// run is the Keyer's goroutine.
func (k *Keyer) run() {
	defer guard.Recover(k.cfg.Log, "a leg's DTLS", func() {
		if n := k.current.number; n != 0 && !k.ended {
			k.finish(Outcome{Number: n, Err: fault.New(fault.Internal, "dtls: the handshake broke")})
		}
	})
	defer k.drop(true)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-k.wake:
			k.heed()
			for k.inbox.pop(k.route) {
			}
		case r := <-k.results:
			k.came(r)
		case <-timer.C:
			k.due(time.Now())
		}
		timer.Reset(k.rest(time.Now()))
	}
}

// idle is how long to wait when nothing is due.
const idle = time.Hour

// rest is how long nothing is due.
func (k *Keyer) rest(now time.Time) time.Duration {
	switch {
	case k.current.number == 0 || k.ended && len(k.attempts) == 0:
		return idle
	case !k.again.IsZero() && k.again.Before(k.deadline):
		return max(k.again.Sub(now), 0)
	}
	return max(k.deadline.Sub(now), 0)
}

// due does what is due.
func (k *Keyer) due(now time.Time) {
	switch {
	case k.current.number == 0 || k.rest(now) > 0:
	case k.ended: // nobody has asked for our last flight for long
		k.drop(false)
	case !now.Before(k.deadline):
		if k.heed(); now.Before(k.deadline) {
			return // Begin has given it more time meanwhile
		}
		err := fault.New(fault.Timeout, "dtls: no keys within %v", k.cfg.Timeout)
		switch {
		case k.said != alertNone:
			err = fault.New(fault.Timeout, "dtls: no keys within %v, the peer says alert %d", k.cfg.Timeout, k.said)
		case k.last != nil:
			err = fault.New(fault.Timeout, "dtls: no keys within %v, at last: %w", k.cfg.Timeout, k.last)
		}
		k.finish(Outcome{Number: k.current.number, Err: err})
		k.drop(false)
	default:
		k.drop(false)
		k.again = now.Add(patience)
		k.try(k.current.peer.Address)
	}
}

// heed takes up what Begin has asked for.
func (k *Keyer) heed() {
	k.mu.Lock()
	w := k.wish
	k.wish = nil
	k.mu.Unlock()
	if w == nil {
		return
	}
	if w.number != k.current.number || k.failed {
		k.drop(false)
		k.ended, k.failed, k.again, k.last, k.said = false, false, time.Time{}, nil, alertNone
		if w.peer.Active {
			k.again = time.Now() // by the timer
		}
	}
	k.current = *w
	if !k.ended {
		k.deadline = time.Now().Add(k.cfg.Timeout)
	}
}

// route gives a datagram to the attempt that it is for.
func (k *Keyer) route(p []byte, from netip.AddrPort) {
	from = unmapped(from)
	ok, alert := sound(p)
	if alert != alertNone && from == k.current.peer.Address {
		k.said = alert
	}
	if !ok || k.current.number == 0 {
		k.dropped.Add(1)
		return
	}
	random, greets := greeting(p)
	at := slices.IndexFunc(k.attempts, func(a *attempt) bool { return a.from == from })
	peer := &k.current.peer
	switch {
	case at >= 0 && (k.ended || peer.Active || !greets || random == k.attempts[at].random || !k.attempts[at].yields()):
		if !k.attempts[at].wire.arrive(p) {
			k.dropped.Add(1)
		}
		return
	case k.ended || peer.Active || !greets || from != peer.Address && !peer.Symmetric:
		k.dropped.Add(1)
		return
	case at >= 0:
		k.attempts[at].close(false)
		k.attempts = slices.Delete(k.attempts, at, at+1)
	}
	if len(k.attempts) == maxAttempts {
		// The oldest one from elsewhere has had its time: of those first that have shown by
		// nothing that they are where they say.
		elsewhere := func(a *attempt) bool { return a.from != peer.Address }
		at := slices.IndexFunc(k.attempts, func(a *attempt) bool { return elsewhere(a) && !a.wire.agreed.Load() })
		if at < 0 {
			at = slices.IndexFunc(k.attempts, elsewhere)
		}
		k.attempts[at].close(false)
		k.attempts = slices.Delete(k.attempts, at, at+1)
	}
	if a := k.try(from); a != nil {
		a.random = random
		a.wire.arrive(p)
	}
}

// try makes an attempt; nil if none can be made.
func (k *Keyer) try(from netip.AddrPort) *attempt {
	peer := k.current.peer
	a, err := newAttempt(k, &peer, from)
	if err != nil {
		k.last = err
		return nil
	}
	k.attempts = append(k.attempts, a)
	k.group.Go(a.run) // owned by k, ended by its close
	return a
}

// came takes what an attempt came to.
func (k *Keyer) came(r result) {
	at := slices.Index(k.attempts, r.attempt)
	if at < 0 || k.ended {
		return // given up meanwhile
	}
	if r.err == nil {
		k.attempts = slices.Delete(k.attempts, at, at+1)
		k.drop(false)
		k.attempts = append(k.attempts, r.attempt)
		k.deadline = time.Now().Add(linger)
		k.proved(r.attempt.from)
		k.finish(Outcome{Number: k.current.number, Keys: r.keys, From: r.attempt.from})
		return
	}
	k.attempts = slices.Delete(k.attempts, at, at+1)
	k.last = r.err
	if r.attempt.from != k.current.peer.Address {
		k.dropped.Add(1)
		return // whoever that was
	}
	if r.attempt.refused != nil {
		k.drop(false)
		k.finish(Outcome{Number: k.current.number, Err: r.err})
		return
	}
	if k.current.peer.Active {
		k.again = time.Now().Add(pause)
	}
}

// proved takes note of where the peer is, unless it has been announced elsewhere meanwhile.
func (k *Keyer) proved(at netip.AddrPort) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.announced == k.current.peer.Address {
		k.known.Store(&at)
	}
}

// finish tells what the handshake came to.
func (k *Keyer) finish(o Outcome) {
	k.ended, k.failed, k.again = true, o.Err != nil, time.Time{}
	o.Turn = k.current.turn
	k.cfg.Done(o)
}

// drop ends all attempts.
func (k *Keyer) drop(farewell bool) {
	for _, a := range k.attempts {
		a.close(farewell)
	}
	k.attempts = nil
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
