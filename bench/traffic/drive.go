package traffic

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 2617's digest
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
)

// Drive is phones on one socket. Open, Aim, Run as often as is wanted, Close.
type Drive struct {
	cfg    Config
	kind   Kind
	socket *socket
	// server and local are the addresses as they are said, run begins each Call-ID after an
	// Aim.
	server, local, run string
	offer              []byte
	ha2                [32]byte
	phones             []phone
	accounts           []account
	clock              load.Clock
	scratch            []byte

	now               time.Duration
	counts, stopping  bool
	limit             uint64
	started, finished uint64
	uncounted         uint64 // finished before the time that counts
	runs              int
	result            *Result
}

// Result is what came of a run.
type Result struct {
	// Done are rounds that went well in the time that counts.
	Done uint64
	// Failed are rounds that did not, at any time, by what was answered: 408 for nothing,
	// 0 for what makes no sense, 503 where nothing else was for half a minute.
	Failed map[int]uint64
	// Repeated are requests that were sent again, Incoming calls that were taken, Refused
	// rounds that were begun again because the server had too much to do.
	Repeated, Incoming, Refused uint64
	// Took is how long a round takes, Answered how long until the 200 to an INVITE.
	Took, Answered measure.Histogram
	// Client is the client's processor time as a share of the time that counted.
	Client float64
}

// Failures is how many rounds failed.
func (r *Result) Failures() (n uint64) {
	for _, k := range r.Failed {
		n += k
	}
	return n
}

// Open opens the socket on address, an IPv4 one.
func Open(local netip.Addr) (*Drive, error) {
	clock, err := load.NewClock()
	if err != nil {
		return nil, fmt.Errorf("traffic: %w", err)
	}
	s, err := openSocket(local)
	if err != nil {
		return nil, fmt.Errorf("traffic: open a socket: %w", err)
	}
	d := &Drive{socket: s, clock: clock, local: netip.AddrPortFrom(local, s.port).String()}
	d.offer = []byte(strings.NewReplacer("@ADDRESS@", local.String(), "@PORT@", strconv.Itoa(int(s.mediaPort))).Replace(offer))
	return d, nil
}

// offer is of one stream of G.711.
const offer = "v=0\r\no=- 1 1 IN IP4 @ADDRESS@\r\ns=-\r\nc=IN IP4 @ADDRESS@\r\nt=0 0\r\n" +
	"m=audio @PORT@ RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"

// Port is where the phones are reached.
func (d *Drive) Port() uint16 { return d.socket.port }

// Close closes the socket. Calls are left as they are.
func (d *Drive) Close() error { return d.socket.close() }

// Aim says what the phones are told.
func (d *Drive) Aim(cfg Config) error {
	switch {
	case cfg.Together < 1 || cfg.Together > 100000 || cfg.Accounts > 1000000 || cfg.Accounts%cfg.Together != 0:
		return fmt.Errorf("traffic: %d phones at a time, of %d accounts", cfg.Together, cfg.Accounts)
	case !cfg.Server.Addr().Is4():
		return fmt.Errorf("traffic: %v is no IPv4 address", cfg.Server)
	}
	d.runs++
	d.run = fmt.Sprintf("%x-%d-", d.clock.Now(), d.runs)
	d.cfg, d.server = cfg, cfg.Server.String()
	d.phones, d.accounts = make([]phone, cfg.Together), make([]account, cfg.Accounts)
	for i := range d.phones {
		d.phones[i].phone = uint64(i)
	}
	for i := range d.accounts {
		d.accounts[i].user = User(i)
	}
	sum := md5.Sum([]byte("REGISTER:sip:" + d.server)) //nolint:gosec // as RFC 2617 has it
	hex.Encode(d.ha2[:], sum[:])
	return d.socket.connect(cfg.Server)
}

// look is how often it is looked what has to be sent again.
const look = 20 * time.Millisecond

// leastRounds are those that a run has in the time that counts; a server that is slow at
// them has as much more time as they take.
const leastRounds = 32

// For has the phones do a kind of thing, one round after the other, until the plan is over
// and there were enough of them; what is begun is brought to its end. at is called, if not nil, when the time
// begins that counts, and when it ends.
func (d *Drive) For(ctx context.Context, kind Kind, plan load.Plan, at func()) (*Result, error) {
	return d.drive(ctx, kind, 0, plan, at)
}

// Times has them do so many rounds in all, all of which count.
func (d *Drive) Times(ctx context.Context, kind Kind, rounds int) (*Result, error) {
	return d.drive(ctx, kind, uint64(rounds), load.Plan{}, nil)
}

// mostMemory is how much the client may take while phones are at work, in bytes.
const mostMemory = 2 << 30

// holdCollector keeps Go's collector from running until the function that it gives is called.
// The client has one core, and a real-time thread on it: where the collector's thread is
// interrupted while it scans that thread's stack, the thread waits for it, spinning, until
// the kernel throttles what is real-time after 0.95 s.
func holdCollector() (release func()) {
	runtime.GC()
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, mostMemory))
	return func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	}
}

func (d *Drive) drive(ctx context.Context, kind Kind, limit uint64, plan load.Plan, at func()) (*Result, error) {
	runtime.LockOSThread() // and never unlocked: the thread's scheduling is changed
	load.Schedule()
	release := holdCollector()
	defer release()
	if at == nil {
		at = func() {}
	}
	d.kind, d.limit, d.started, d.finished = kind, limit, 0, 0
	d.result = &Result{Failed: make(map[int]uint64)}
	d.counts, d.stopping = limit > 0, false
	start := d.clock.Now()
	tell := func() { d.now = time.Duration(d.clock.Now() - start) }
	tell()
	var used, from time.Duration
	for i := range d.phones {
		if p := &d.phones[i]; !p.held && (limit == 0 || d.started < limit) {
			d.begin(p)
		}
	}
	for looked := d.now; d.working(); {
		d.socket.flush()
		n := d.socket.receive(look)
		tell()
		for i := range n {
			d.took(d.socket.message(i))
		}
		if d.now-looked < look {
			continue
		}
		looked = d.now
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		d.socket.drop()
		for i := range d.phones {
			d.again(&d.phones[i])
		}
		if limit > 0 || d.stopping {
			continue
		}
		switch {
		case !d.counts && d.now >= plan.Warm:
			d.counts, used, from, d.uncounted = true, threadTime(), d.now, d.finished
			at()
		case d.counts && d.now >= from+plan.Measure && d.finished-d.uncounted >= leastRounds:
			d.counts, d.stopping = false, true
			d.result.Client = float64(threadTime()-used) / float64(d.now-from)
			at()
		}
	}
	d.socket.flush()
	return d.result, nil
}

// working tells whether there is anything left to do.
func (d *Drive) working() bool {
	if d.limit > 0 {
		return d.finished < d.limit
	}
	return !d.stopping || d.finished < d.started
}

// took takes a message.
func (d *Drive) took(m []byte) {
	code := status(m)
	if code == 0 {
		if len(m) > 12 { // no keep-alive
			d.asked(m)
		}
		return
	}
	k, ok := markOf(m)
	if !ok || k.phone >= uint64(len(d.phones)) {
		return
	}
	p := &d.phones[k.phone]
	if k.round != p.round {
		return // a response that comes again
	}
	if d.kind == Register || d.kind == Refresh {
		if p.busy && k.step == p.step {
			d.registered(p, code, m)
		}
		return
	}
	if p.busy && k.step == p.step || k.step == stepFirst && p.answered {
		d.called(p, k.step, code, m)
	}
}

// HangUp ends the calls that Hold left.
func (d *Drive) HangUp(ctx context.Context) error {
	d.kind, d.counts, d.stopping, d.limit = Call, false, true, 0
	d.started, d.finished = 0, 0
	start := d.clock.Now()
	d.now = 0
	for i := range d.phones {
		if p := &d.phones[i]; p.held {
			d.started++
			p.began, p.held = 0, false
			d.hangUp(p)
		}
	}
	for d.finished < d.started {
		d.socket.flush()
		n := d.socket.receive(look)
		d.now = time.Duration(d.clock.Now() - start)
		for i := range n {
			d.took(d.socket.message(i))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for i := range d.phones {
			d.again(&d.phones[i])
		}
	}
	if n := d.result.Failures(); n > 0 {
		return errors.New("traffic: " + strconv.FormatUint(n, 10) + " calls did not end")
	}
	return nil
}

// threadTime is the processor time of the calling thread.
func threadTime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
