package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// patience is how long a program may take to start, or to answer.
const patience = 20 * time.Second

// Process is a program that ends with this one, however that ends.
type Process struct {
	name string
	cmd  *exec.Cmd
	said tail
	done chan struct{}
	err  error // how it ended, once done is closed
}

// Launch starts a program on a core. What it says to standard error, and to standard
// output if nobody else reads that, is kept for the error that speaks of it.
func Launch(name string, core int, cmd *exec.Cmd) (*Process, error) {
	if core >= 0 {
		taskset, err := exec.LookPath("taskset")
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", name, ErrUnavailable, err)
		}
		cmd.Args = append([]string{taskset, "-c", strconv.Itoa(core), cmd.Path}, cmd.Args[1:]...)
		cmd.Path = taskset
	}
	p := &Process{name: name, cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &p.said
	if cmd.Stdout == nil {
		cmd.Stdout = &p.said
	}
	cmd.WaitDelay = time.Second // a child that keeps the pipe open must not hold up the end
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	// owned by p: ends with the program
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// urgent makes a command run with real-time priority, as Skybridge's workers have it,
// where root may give that: what else the machine does would be in the way of one alone.
func urgent(cmd *exec.Cmd) *exec.Cmd {
	chrt, err := exec.LookPath("chrt")
	if err != nil || os.Geteuid() != 0 {
		return cmd
	}
	cmd.Args = append([]string{chrt, "--rr", "10", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = chrt
	return cmd
}

// run starts the program and waits for its end. The kernel ties the death signal to the
// thread that started the program, so that thread must stay.
func (p *Process) run(started chan<- error) {
	defer func() {
		if r := recover(); r != nil {
			p.err = fmt.Errorf("panic: %v", r)
		}
		close(p.done)
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is why the program is not there any more; nil while it is.
func (p *Process) Ended() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s has ended: %w\n%s", p.name, errors.Join(p.err, io.EOF), p.said.String())
	default:
		return nil
	}
}

// Close ends the program and its children at once and waits until it has.
func (p *Process) Close() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end %s: %w", p.name, err)
	}
	<-p.done
	return nil
}

// until asks ok until it is nil, the program has ended or patience is over.
func (p *Process) until(ctx context.Context, ok func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ok(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.Ended()
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w: %w\n%s", p.name, ctx.Err(), err, p.said.String())
		case <-tick.C:
		}
	}
}

// tail keeps the end of what a program says.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const tailBytes = 4000

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b)
	if over := t.buf.Len() - tailBytes; over > 0 {
		t.buf.Next(over)
	}
	return len(b), nil
}

// String is the end of what was said.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// firstPort and ports are where servers listen: below 32768, from where on the kernel
// gives out ports by itself, so that no connection made meanwhile takes one between its
// choice and its use.
const firstPort, ports = 32000, 768

// freePort is a UDP and TCP port that nobody has at the moment.
func freePort(ctx context.Context) (int, error) {
	from := rand.IntN(ports)
	for i := range ports {
		port := firstPort + (from+i)%ports
		address := net.JoinHostPort(Host.String(), strconv.Itoa(port))
		tcp, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			continue // somebody's on TCP
		}
		udp, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
		if err == nil {
			err = udp.Close()
		}
		if err := errors.Join(err, tcp.Close()); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no port from %d to %d is free", firstPort, firstPort+ports-1)
}
