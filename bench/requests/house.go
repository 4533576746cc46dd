package requests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// Runner starts the server and asks it.
type Runner struct {
	// Core is the processor core that servers run on; below 0 for any.
	Core   int
	Server peers.Skybridge
	Log    *slog.Logger
}

// base is where the API's paths begin.
const base = "/api/v1/voip"

// patience is how long an answer, or a frame that must come, may take.
const patience = time.Minute

// house is a server that runs for one measurement, and those that talk with it.
type house struct {
	served  *peers.Served
	dir     string
	conns   []net.Conn
	pages   *http.Client // of browsers
	core    int
	program measure.Program
	clock   load.Clock
	log     *slog.Logger
	ears    []*ear
	all     sync.WaitGroup // the ears' goroutines
}

func (r Runner) open(ctx context.Context) (_ *house, err error) {
	h := &house{core: r.Core, log: r.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	if h.served, err = r.Server.Serve(ctx, peers.Place{Core: r.Core, Dir: h.dir, Log: r.Log, Ordinary: true}); err != nil {
		return nil, err
	}
	if h.program, err = measure.NewProgram(h.served.PID()); err != nil {
		return nil, err
	}
	h.clock, err = load.NewClock()
	return h, err
}

func (h *house) close() error {
	var errs []error
	for _, e := range h.ears {
		errs = append(errs, e.close())
	}
	for _, c := range h.conns {
		errs = append(errs, c.Close())
	}
	if h.served != nil {
		errs = append(errs, h.served.Close())
	}
	h.all.Wait()
	if h.dir != "" {
		errs = append(errs, os.RemoveAll(h.dir))
	}
	return errors.Join(errs...)
}

// reading is what the server, and this program, have used by now.
type reading struct {
	meter.Reading
	own time.Duration
}

func (h *house) read() (r reading, err error) {
	if r.Reading, err = meter.Read(h.program, h.core, h.clock); err != nil {
		return r, err
	}
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return r, fmt.Errorf("what this program has used: %w", err)
	}
	r.own = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	return r, nil
}

// spent is what was used between two readings, with this program's share of a core.
func (r *reading) spent(earlier *reading) (meter.Spent, float64) {
	s := r.Since(&earlier.Reading)
	return s, float64(r.own-earlier.own) / float64(max(s.Time, 1))
}

// user is somebody with a token, and what they ask with: one connection, and one request at a
// time on it. It is the least that a client can be, so that it takes as little as possible of
// the machine.
type user struct {
	name  string
	token string
	house *house
	conn  net.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	ask   fasthttp.Request
	got   fasthttp.Response
}

func (h *house) user(name string, roles ...auth.Role) (*user, error) {
	token, err := h.served.Token(name, roles...)
	if err != nil {
		return nil, err
	}
	u := &user{name: name, token: token, house: h}
	return u, u.connect()
}

func (u *user) connect() error {
	conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(u.house.served.API))
	if err != nil {
		return err
	}
	u.house.conns = append(u.house.conns, conn)
	u.conn, u.in, u.out = conn, bufio.NewReader(conn), bufio.NewWriter(conn)
	return nil
}

// do makes a request and gives the answer's status; its body stays until the next one.
func (u *user) do(method, path string, body []byte) (status int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s %s: %w", method, path, err)
		}
	}()
	u.ask.Reset()
	u.ask.Header.SetMethod(method)
	u.ask.SetRequestURI("http://" + u.house.served.API.String() + path)
	if u.token != "" {
		u.ask.Header.Set("Authorization", "Bearer "+u.token)
	}
	if body != nil {
		u.ask.Header.SetContentType("application/json")
		u.ask.SetBodyRaw(body)
	}
	if err := u.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	if err := errors.Join(u.ask.Write(u.out), u.out.Flush()); err != nil {
		return 0, err
	}
	if err := u.got.Read(u.in); err != nil {
		return 0, err
	}
	return u.got.StatusCode(), nil
}

// made makes a request whose answer must be of a status, and reads the answer.
func (u *user) made(method, path string, in any, want int, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	status, err := u.do(method, path, body)
	if err != nil {
		return err
	}
	if status != want {
		return fmt.Errorf("%s %s: %d: %s", method, path, status, bytes.TrimSpace(u.got.Body()))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(u.got.Body(), out)
}
