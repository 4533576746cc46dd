package doorbell

import (
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// soon bounds what must happen, also on a machine that is busy with something else.
const soon = 2 * time.Minute

func started(t testing.TB) *Bell {
	t.Helper()
	b := new(Bell)
	if err := b.Start(slog.New(slog.NewTextHandler(t.Output(), nil))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// No wake is lost: each of many goroutines is told that its number has grown, by writers
// that never wait, as often as it rests.
func TestNoWakeIsLost(t *testing.T) {
	b := started(t)
	const sleepers, writers, rounds = 8, 3, 20000
	var at [sleepers]struct {
		*Sleeper
		n atomic.Int64
	}
	var wg sync.WaitGroup
	for i := range at {
		s := &at[i]
		s.Sleeper = NewSleeper(b)
		wg.Go(func() { // ends after its number, awaited below
			patience := time.NewTimer(soon)
			defer patience.Stop()
			for s.n.Load() < writers*rounds {
				was := s.n.Load()
				s.Rests()
				if s.n.Load() != was {
					s.Stays()
					continue
				}
				if was == writers*rounds {
					return
				}
				select {
				case <-s.Woken():
				case <-patience.C:
					t.Errorf("sleeper %d sleeps at %d, and it is %d", i, was, s.n.Load())
					return
				}
			}
		})
	}
	for range writers {
		wg.Go(func() { // ends after its rounds, awaited below
			for range rounds {
				for i := range at {
					at[i].n.Add(1)
					at[i].Rouse()
				}
			}
		})
	}
	wg.Wait()
}

// Who calls while others are being answered rings again; one that is being answered can be
// called again.
func TestCallsWithinAnAnswer(t *testing.T) {
	b := started(t)
	answered := make(chan string, 3)
	var self, other Call
	again := true
	other.Answer = func() { answered <- "other" }
	self.Answer = func() {
		answered <- "self"
		if again {
			again = false
			b.Call(&self)
			b.Call(&other)
		}
	}
	b.Call(&self)
	for _, want := range []string{"self", "self", "other"} {
		select {
		case got := <-answered:
			if got != want {
				t.Errorf("%s is answered, not %s", got, want)
			}
		case <-time.After(soon):
			t.Fatalf("%s is not answered", want)
		}
	}
}

// What is called while the Bell closes is answered all the same, and nobody writes to a
// descriptor that may be somebody else's by then.
func TestCloseWhileTheyRing(t *testing.T) {
	for range 200 {
		b := new(Bell)
		if err := b.Start(slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		const ringers, calls = 3, 50
		var number, answered [ringers]atomic.Int64
		var wg sync.WaitGroup
		for i := range ringers {
			c := &Call{Answer: func() {
				// Answers may overtake each other, numbers do not.
				for n := number[i].Load(); ; {
					if was := answered[i].Load(); was >= n || answered[i].CompareAndSwap(was, n) {
						return
					}
				}
			}}
			wg.Go(func() { // ends after its calls, awaited below
				for range calls {
					number[i].Add(1)
					b.Call(c)
				}
			})
		}
		// A descriptor that takes the number of one that was closed would be written to.
		var others []int
		wg.Go(func() { // ends by itself, awaited below
			if err := errors.Join(b.Close(), b.Close()); err != nil {
				t.Error(err)
			}
			for range 4 {
				fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
				if err != nil {
					t.Error(err)
					return
				}
				others = append(others, fd)
			}
		})
		wg.Wait()
		for i := range ringers {
			if got := answered[i].Load(); got != calls {
				t.Fatalf("ringer %d: answered up to call %d", i, got)
			}
		}
		for _, fd := range others {
			var count [8]byte
			if _, err := unix.Read(fd, count[:]); !errors.Is(err, unix.EAGAIN) {
				t.Fatalf("a foreign descriptor was written to: %v", err)
			}
			if err := unix.Close(fd); err != nil {
				t.Error(err)
			}
		}
	}
}

// Without a goroutine of the Bell's who calls answers by itself.
func TestNobodyAtTheBell(t *testing.T) {
	closed := new(Bell)
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	if err := closed.Start(slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	for name, b := range map[string]*Bell{"nil": nil, "not started": {}, "closed": closed} {
		s := NewSleeper(b)
		s.Rests()
		s.Rouse()
		select {
		case <-s.Woken():
		default:
			t.Errorf("%s: nobody was woken", name)
		}
		if s.Resting() {
			t.Errorf("%s: it still rests", name)
		}
	}
}

// A count that cannot grow is there to be read.
func TestFullCount(t *testing.T) {
	b := started(t)
	s := NewSleeper(b)
	full := [8]byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for range 100 {
		if _, err := unix.Write(b.out, full[:]); err != nil && !errors.Is(err, unix.EAGAIN) {
			t.Fatal(err)
		}
		s.Rests()
		s.Rouse()
		select {
		case <-s.Woken():
		case <-time.After(soon):
			t.Fatal("not woken")
		}
	}
}

// Where there is no descriptor left, Start says so and leaves nothing open.
func TestNoDescriptors(t *testing.T) {
	started(t) // the runtime's poller takes some of its own
	was := descriptors(t)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	for spare := range 2 {
		highest := was[len(was)-1]
		tight := unix.Rlimit{Cur: uint64(highest + 1 + spare), Max: limit.Max}
		var fill []int
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &tight); err != nil {
			t.Fatal(err)
		}
		for {
			fd, err := unix.Dup(0)
			if err != nil {
				break
			}
			fill = append(fill, fd)
		}
		for range min(spare, len(fill)) {
			if err := unix.Close(fill[len(fill)-1]); err != nil {
				t.Error(err)
			}
			fill = fill[:len(fill)-1]
		}
		err := new(Bell).Start(slog.New(slog.DiscardHandler))
		for _, fd := range fill {
			if err := unix.Close(fd); err != nil {
				t.Error(err)
			}
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		if fault.Of(err) != fault.Unavailable || !errors.Is(err, unix.EMFILE) {
			t.Errorf("with %d left: %v", spare, err)
		}
		if is := descriptors(t); len(is) != len(was) {
			t.Errorf("with %d left: %v were open, %v are", spare, was, is)
		}
	}
}

// descriptors are those that are open, but for the one that they are read by.
func descriptors(t *testing.T) (open []int) {
	t.Helper()
	for fd := range 1024 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			open = append(open, fd)
		}
	}
	return open
}

func TestClosedLeavesNothingOpen(t *testing.T) {
	started(t) // the runtime's poller takes some of its own
	was := len(descriptors(t))
	for range 20 {
		b := new(Bell)
		if err := b.Start(slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		b.Call(&Call{Answer: func() {}})
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if is := len(descriptors(t)); is != was {
		t.Errorf("%d descriptors were open, %d are", was, is)
	}
}

// A descriptor that breaks is told, and no wake is lost.
func TestBroken(t *testing.T) {
	b := started(t)
	// A deadline that has passed stands for what cannot be read.
	if err := b.in.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	b.group.Wait()
	s := NewSleeper(b)
	s.Rests()
	s.Rouse()
	<-s.Woken()
	if err := b.in.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestCallAllocatesNothing(t *testing.T) {
	b := started(t)
	s := NewSleeper(b)
	if n := testing.AllocsPerRun(1000, func() {
		s.Rests()
		s.Rouse()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
