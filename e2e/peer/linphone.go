package peer

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// LinphonePeer is a linphonec: a phone that is driven by the lines it reads and tells what
// happens by those it writes. Its microphone is a file, and what it hears becomes one.
type LinphonePeer struct {
	proc *process
	keys io.WriteCloser
	dir  string
	seen int // how much of what it said was looked at
}

// linphoneConfig keeps it on loopback, without a sound card.
const linphoneConfig = `[sip]
sip_port=%d
sip_tcp_port=0
sip_tls_port=0
bind_address=127.0.0.1
guess_hostname=0
use_ipv6=0
inc_timeout=60
register_only_when_network_is_up=0

[rtp]
audio_rtp_port=%d
video_rtp_port=0

[sound]
echocancellation=0
`

// Linphone starts a linphonec whose microphone hears a tone of hz.
func Linphone(t testing.TB, hz float64) *LinphonePeer {
	t.Helper()
	program := need(t, "linphonec")
	l := &LinphonePeer{dir: scratch(t, "linphone")}
	const rate, seconds = 8000, 30 // it begins again at the end
	if err := tone.WriteWAV(filepath.Join(l.dir, "said.wav"), tone.Sine(hz, rate, seconds, 16000), rate); err != nil {
		t.Fatal(err)
	}
	// Its registration and its calls are to be in its folder.
	write(t, l.dir, map[string]string{"rc": fmt.Sprintf(linphoneConfig, FreePort(t), FreePort(t)), ".local/share/linphone/keep": ""})
	cmd := exec.Command(program, "-c", filepath.Join(l.dir, "rc"), "-a")
	cmd.Env = append(cmd.Environ(), "HOME="+l.dir, "LANG=C")
	cmd.Dir = l.dir
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	l.keys = keys
	l.proc = start(t, "linphonec", cmd)
	l.Await(t, "linphonec> ")
	l.Do(t, "soundcard use files")
	l.Do(t, "play "+filepath.Join(l.dir, "said.wav"))
	l.Do(t, "record "+filepath.Join(l.dir, "heard.wav"))
	return l
}

// Do types a command.
func (l *LinphonePeer) Do(t testing.TB, command string) {
	t.Helper()
	if _, err := io.WriteString(l.keys, command+"\n"); err != nil {
		t.Fatalf("linphonec, %s: %v", command, err)
	}
}

// Await waits until it says something that it has not said before.
func (l *LinphonePeer) Await(t testing.TB, what string) {
	t.Helper()
	eventually(t, "linphonec says "+strconv.Quote(what), func() error {
		said := l.proc.out.tail(1 << 20)[l.seen:]
		if i := strings.Index(said, what); i >= 0 {
			l.seen += i + len(what)
			return nil
		}
		select {
		case <-l.proc.done:
			t.Fatalf("linphonec ended: %v", l.proc.err)
		default:
		}
		return errors.New("not yet")
	})
}

// Register registers at a server on a port of loopback.
func (l *LinphonePeer) Register(t testing.TB, user, password string, port int) {
	t.Helper()
	l.Do(t, fmt.Sprintf("register sip:%s@%s sip:%[2]s %[3]s", user, address(port), password))
	// It does not say by itself when it is.
	eventually(t, "linphonec's registration", func() error {
		from := l.seen
		l.Do(t, "status register")
		l.Await(t, "registered")
		l.Await(t, "\n")
		if said := l.proc.out.tail(1 << 20)[from:l.seen]; !strings.Contains(said, "registered, identity=") {
			return errors.New("not yet")
		}
		return nil
	})
}

// Recording is what it hears in the call that stands.
func (l *LinphonePeer) Recording() Recording { return newest(filepath.Join(l.dir, "heard.wav")) }
