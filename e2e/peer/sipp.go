package peer

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// SippConfig says what one SIPp is to do.
type SippConfig struct {
	Scenario string // an XML file; testdata/peers/sipp has some
	Target   string // host:port to call; empty for a scenario that waits for calls
	Service  string // the number to call
	SIP      int    // its own port; a free one when 0
	Calls    int    // how many, then it ends; 1 when 0
	TCP      bool
	Hold     time.Duration // how long a <pause/> without a time takes; 2 s when 0

	// Tone is the frequency of tone.ulaw in its folder, for rtp_stream; 440 Hz
	// when 0.
	Tone float64
	Args []string // further arguments
	// Replace are words of the scenario, each with what stands in its place.
	Replace []string
}

// SippPeer is a running SIPp.
type SippPeer struct {
	SIP  int
	Dir  string // where it runs
	proc *process
}

// Sipp starts a SIPp. One that waits for calls is ready when Sipp returns.
func Sipp(t testing.TB, cfg SippConfig) *SippPeer {
	t.Helper()
	program := need(t, "sipp")
	scenario, err := filepath.Abs(cfg.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	s := &SippPeer{SIP: cmp.Or(cfg.SIP, FreePort(t)), Dir: scratch(t, "sipp")}
	if len(cfg.Replace) > 0 {
		text, err := os.ReadFile(scenario)
		if err != nil {
			t.Fatal(err)
		}
		scenario = filepath.Join(s.Dir, "scenario.xml")
		write(t, s.Dir, map[string]string{"scenario.xml": strings.NewReplacer(cfg.Replace...).Replace(string(text))})
	}
	// 20 s, a whole number of periods, so that its repetition does not click.
	sine := tone.MuLaw(tone.Sine(cmp.Or(cfg.Tone, 440), 8000, 20, 12000))
	write(t, s.Dir, map[string]string{"tone.ulaw": string(sine)})

	transport, network := "u1", "udp"
	if cfg.TCP {
		transport, network = "t1", "tcp"
	}
	args := []string{
		"-sf", scenario, "-i", Host, "-mi", Host, "-p", strconv.Itoa(s.SIP), "-t", transport,
		"-m", strconv.Itoa(cmp.Or(cfg.Calls, 1)),
		"-d", strconv.FormatInt(cmp.Or(cfg.Hold, 2*time.Second).Milliseconds(), 10),
		"-mp", strconv.Itoa(FreePort(t)),
		"-nostdin", "-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log",
	}
	if cfg.Service != "" {
		args = append(args, "-s", cfg.Service)
	}
	args = append(args, cfg.Args...)
	if cfg.Target != "" {
		args = append(args, cfg.Target)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("sipp's errors:\n%s\nsipp's messages:\n%s", s.file("errors.log"), s.file("messages.log"))
		}
	})
	cmd := exec.Command(program, args...)
	cmd.Dir = s.Dir
	s.proc = start(t, "sipp", cmd)
	if cfg.Target == "" {
		eventually(t, "sipp's port", func() error {
			select {
			case <-s.proc.done:
				t.Fatalf("sipp ended at its start: %v", s.proc.err)
			default:
			}
			return listens(network, s.SIP)
		})
	}
	return s
}

// Wait waits until SIPp has made all its calls, and fails t unless each went as
// the scenario says.
func (s *SippPeer) Wait(t testing.TB) {
	t.Helper()
	end := time.NewTimer(time.Minute)
	defer end.Stop()
	select {
	case <-s.proc.done:
		if s.proc.err != nil {
			t.Fatalf("sipp: %v", s.proc.err)
		}
	case <-end.C:
		t.Fatal("sipp does not end")
	}
}

func (s *SippPeer) file(name string) string {
	text, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		return "none"
	}
	return strings.TrimSpace(string(text[max(0, len(text)-8000):]))
}
