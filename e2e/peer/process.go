package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// limit is how long a peer may take for one step: to start, to answer, to stop.
const limit = time.Minute

// process is a program that ends with the test that started it, and with the
// test binary should that be killed.
type process struct {
	name string
	cmd  *exec.Cmd
	out  output
	done chan struct{} // closed when the program has ended
	err  error         // how, once done is closed
}

// start starts cmd and stops it in t's cleanup. What it has said is logged when
// the test failed.
func start(t testing.TB, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	// A child that keeps the pipe open must not hold up the end.
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	// owned by p: ends with the program
	go func() {
		// The kernel ties the death signal to the thread that started the
		// program, so that thread must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.out.tail(8000))
		}
	})
	return p
}

// kill ends the program and its children at once and waits until it has.
func (p *process) kill() {
	select {
	case <-p.done:
		return
	default:
	}
	// It may have ended between the look and the signal.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// output collects what a program says.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

var _ io.Writer = (*output)(nil)

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

// tail is the end of what has been said, at most size bytes.
func (o *output) tail(size int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.buf.Bytes()
	return string(all[max(0, len(all)-size):])
}

// eventually asks ok every 20 ms until it is nil, or the limit is over. It is for
// peers that have no event to wait for.
func eventually(t testing.TB, what string, ok func() error) {
	t.Helper()
	if err := poll(t.Context(), limit, ok); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func poll(ctx context.Context, within time.Duration, ok func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}
