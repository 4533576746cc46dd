package traffic

import (
	"net/netip"
	"strconv"
	"time"
)

// Kind is what phones do.
type Kind uint8

// The kinds.
const (
	// Register is a registration for which the password is asked each time: REGISTER, 401,
	// REGISTER, 200.
	Register Kind = iota
	// Refresh is one with the nonce of the last, as long as the server takes that.
	Refresh
	// Call is INVITE, 200, ACK, and BYE, 200 at once.
	Call
	// Hold is a call that stays up.
	Hold
)

// Config is what phones are told.
type Config struct {
	// Server is who is called, an IPv4 address.
	Server netip.AddrPort
	// Together is how many phones are busy at a time.
	Together int
	// Accounts is how many register, User of 0 and on; a multiple of Together.
	Accounts int
	// Number is what is called, Caller who calls.
	Number, Caller string
}

// User is the name of an account; Password is its password.
func User(n int) string { return "p" + strconv.Itoa(100000+n) }

// Password is that of an account.
func Password(user string) string { return "secret-of-" + user }

// phone does one thing after the other.
type phone struct {
	mark
	busy     bool
	answered bool          // the call is up, or the challenge was answered
	held     bool          // the call is up and stays so
	waits    bool          // it was refused, and comes again
	came     time.Duration // when it came first
	began    time.Duration // this round
	sentAt   time.Duration
	wait     time.Duration // until it is sent again
	request  []byte        // what was sent last
	ack      []byte        // of the last call that was answered
	to       []byte        // the To line of the call, with its end
	contact  []byte
}

// The steps of a round.
const (
	stepFirst  = 1
	stepSecond = 2 // with a password
	stepBye    = 3
	stepAck    = 4
)

// account is one that registers.
type account struct {
	user  string
	ha1   [32]byte
	known bool // ha1, and what follows, are known
	nonce []byte
	nc    uint32
	realm []byte
	rest  []byte // opaque and algorithm, as they are said
}

func (d *Drive) account(p *phone) *account {
	rounds := max(1, len(d.accounts)/d.cfg.Together)
	return &d.accounts[int(p.phone)+d.cfg.Together*int(p.round%uint64(rounds))]
}

// begin starts a phone's next round.
func (d *Drive) begin(p *phone) {
	d.started++
	p.came = d.now
	d.enter(p)
}

func (d *Drive) enter(p *phone) {
	p.round++
	p.busy, p.answered, p.waits, p.began = true, false, false, d.now
	switch d.kind {
	case Register, Refresh:
		a := d.account(p)
		p.step = stepFirst
		d.register(p, a, d.kind == Refresh && a.known)
	default:
		p.step = stepFirst
		d.invite(p)
	}
}

// send sends a phone's request, and again until it is answered.
func (d *Drive) send(p *phone) {
	p.sentAt, p.wait = d.now, firstWait
	d.socket.put(p.request)
}

// rebound is how soon who is told to come later does, which is sooner than a phone would.
const rebound = 100 * time.Millisecond

// Times of RFC 3261 §17.1: T1, T2, and 64·T1, after which a request has failed.
const (
	firstWait = 500 * time.Millisecond
	mostWait  = 4 * time.Second
	patience  = 32 * time.Second
)

// again sends what has not been answered, and gives up what takes too long.
func (d *Drive) again(p *phone) {
	switch {
	case p.waits && d.stopping:
		p.waits = false
		d.finished++
	case p.waits && d.now-p.sentAt >= rebound:
		d.enter(p)
	case !p.busy || d.now-p.sentAt < p.wait:
	case d.now-p.began > patience:
		d.failed(p, 408)
	default:
		p.wait = min(2*p.wait, mostWait)
		p.sentAt = d.now
		d.result.Repeated++
		d.socket.put(p.request)
	}
}

// done ends a round that went well.
func (d *Drive) done(p *phone) {
	p.busy = false
	d.finished++
	if d.counts {
		d.result.Done++
		d.result.Took.Add(d.now - p.began)
	}
	d.rest(p)
}

// failed ends one that did not. Who is refused for what the server has to do already (503,
// RFC 3261 §21.5.4) comes again, for as long as a request is waited for.
func (d *Drive) failed(p *phone, status int) {
	p.busy = false
	if status == 503 && d.now-p.came < patience {
		d.result.Refused++
		p.waits, p.sentAt = true, d.now
		return
	}
	d.finished++
	d.result.Failed[status]++
	d.rest(p)
}

// rest lets a phone go on, if there is more to do.
func (d *Drive) rest(p *phone) {
	if !d.stopping && (d.limit == 0 || d.started < d.limit) {
		d.begin(p)
	}
}
