package peer

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
)

// BaresipConfig says what one phone is to be.
type BaresipConfig struct {
	User      string // its number, "1001"
	Password  string
	Server    string // host:port of its registrar and proxy
	Transport string // udp, tcp or tls; udp when empty
	Register  bool   // whether it registers
	Answer    bool   // whether it answers by itself; else Accept does

	// Codecs in order of preference: PCMU, PCMA, G722, opus. PCMU when empty.
	Codecs []string
	// Tone is the frequency (10…20000 Hz) that its microphone hears. With Mic
	// set, a WAV file takes the tone's place.
	Tone int
	Mic  string

	SIP     int    // its own port; a free one when 0
	Account string // further parameters of its account, ";mediaenc=srtp"
	Config  string // further lines of its configuration
}

// BaresipPeer is a running phone.
type BaresipPeer struct {
	SIP int
	dir string

	*control
}

// names has baresip's name of each codec.
var names = map[string]string{
	"PCMU": "PCMU/8000/1",
	"PCMA": "PCMA/8000/1",
	"G722": "G722/16000/1",
	"opus": "opus/48000/2",
}

// Baresip starts a phone. Where it registers, Registered waits for that.
func Baresip(t testing.TB, cfg BaresipConfig) *BaresipPeer {
	t.Helper()
	program := need(t, "baresip")
	b := &BaresipPeer{SIP: cmp.Or(cfg.SIP, FreePort(t)), dir: scratch(t, "baresip")}
	port := FreePort(t)
	write(t, b.dir, map[string]string{
		"config":   b.config(t, cfg, port),
		"accounts": "",
		"contacts": "",
	})
	cmd := exec.Command(program, "-4", "-f", b.dir)
	cmd.Env = append(cmd.Environ(), "HOME="+b.dir)
	cmd.Dir = b.dir
	proc := start(t, "baresip "+cfg.User, cmd)
	eventually(t, "baresip's start", func() error {
		select {
		case <-proc.done:
			t.Fatalf("baresip ended at its start: %v", proc.err)
		default:
		}
		conn, err := net.Dial("tcp", address(port))
		if err == nil {
			b.control = take(t, proc.name, conn)
		}
		return err
	})
	// The account comes last, so that none of its events is missed.
	b.command(t, "uanew", b.account(t, cfg))
	return b
}

func (b *BaresipPeer) config(t testing.TB, cfg BaresipConfig, control int) string {
	t.Helper()
	source, rate, channels := fmt.Sprintf("ausine,%d", cmp.Or(cfg.Tone, 440)), 48000, 2
	if cfg.Mic != "" {
		_, r, err := tone.ReadWAV(cfg.Mic)
		if err != nil {
			t.Fatalf("baresip's microphone: %v", err)
		}
		source, rate, channels = "aufile,"+cfg.Mic, r, 1
	}
	modules, err := filepath.Glob("/usr/lib/*/baresip/modules")
	if err != nil || len(modules) == 0 {
		modules = []string{"/usr/lib/baresip/modules"}
	}
	return strings.Join([]string{
		"poll_method epoll",
		"rtp_ports 1024-19998", // below what FreePort gives; it does not try a second one, so there must be many
		fmt.Sprintf("sip_listen 127.0.0.1:%d", b.SIP),
		"net_interface 127.0.0.1",
		"call_local_timeout 120",
		"call_max_calls 4",
		"audio_source " + source,
		"audio_player aubridge,nobody", // what is heard is in the dumps
		"audio_alert aubridge,nobody",
		fmt.Sprintf("ausrc_srate %d", rate),
		fmt.Sprintf("ausrc_channels %d", channels),
		"audio_txmode thread",
		"jitter_buffer_delay 1-4",
		"rtcp_mux no",
		"module_path " + modules[0],
		"module opus.so",
		"module g722.so",
		"module g711.so",
		"module sndfile.so",
		"module ausine.so",
		"module aufile.so",
		"module aubridge.so",
		"module dtls_srtp.so",
		"module srtp.so",
		"module_tmp uuid.so",
		"module_tmp account.so",
		"module_app menu.so",
		"module_app ctrl_tcp.so",
		fmt.Sprintf("ctrl_tcp_listen 127.0.0.1:%d", control),
		"snd_path " + b.dir,
		"opus_bitrate 32000",
		"ringback_disabled yes",
		cfg.Config,
		"",
	}, "\n")
}

func (b *BaresipPeer) account(t testing.TB, cfg BaresipConfig) string {
	t.Helper()
	transport := cmp.Or(cfg.Transport, "udp")
	codecs := make([]string, 0, len(names))
	for _, c := range cfg.Codecs {
		if names[c] == "" {
			t.Fatalf("baresip has no codec %q", c)
		}
		codecs = append(codecs, names[c])
	}
	if len(codecs) == 0 {
		codecs = []string{names["PCMU"]}
	}
	regint, answer := 0, "manual"
	if cfg.Register {
		regint = 300
	}
	if cfg.Answer {
		answer = "auto"
	}
	return fmt.Sprintf(`<sip:%s@%s;transport=%s>;auth_pass=%s;outbound="sip:%s;transport=%s";regint=%d;answermode=%s;audio_codecs=%s%s`,
		cmp.Or(cfg.User, "phone"), cfg.Server, transport, cfg.Password, cfg.Server, transport,
		regint, answer, strings.Join(codecs, ","), cfg.Account)
}

// Registered waits until the phone is registered.
func (b *BaresipPeer) Registered(t testing.TB) {
	t.Helper()
	if e := b.Await(t, "REGISTER_OK", "REGISTER_FAIL"); e.Type != "REGISTER_OK" {
		t.Fatalf("%s is not registered: %s", b.name, e.Param)
	}
}

// Dial calls target, a number or a SIP URI.
func (b *BaresipPeer) Dial(t testing.TB, target string) { t.Helper(); b.command(t, "dial", target) }

// Established waits until the call stands.
func (b *BaresipPeer) Established(t testing.TB) {
	t.Helper()
	if e := b.Await(t, "CALL_ESTABLISHED", "CALL_CLOSED"); e.Type != "CALL_ESTABLISHED" {
		t.Fatalf("%s has no call: %s", b.name, e.Param)
	}
}

// Closed waits until the call has ended, and gives the reason. What was heard in it is
// removed, so that nobody takes it for what is heard in the next.
func (b *BaresipPeer) Closed(t testing.TB) string {
	t.Helper()
	why := b.Await(t, "CALL_CLOSED").Param
	past, err := filepath.Glob(filepath.Join(b.dir, "dump-*.wav"))
	for _, file := range past {
		err = errors.Join(err, os.Remove(file))
	}
	if err != nil {
		t.Fatal(err)
	}
	return why
}

// Accept answers the call that rings.
func (b *BaresipPeer) Accept(t testing.TB) { t.Helper(); b.command(t, "accept", "") }

// Hangup ends the call.
func (b *BaresipPeer) Hangup(t testing.TB) { t.Helper(); b.command(t, "hangup", "") }

// Transfer asks for the other party of the call to be sent to a SIP URI (REFER).
func (b *BaresipPeer) Transfer(t testing.TB, uri string) { t.Helper(); b.command(t, "transfer", uri) }

// Hold puts the call on hold.
func (b *BaresipPeer) Hold(t testing.TB) {
	t.Helper()
	b.nameless(t)
	b.command(t, "hold", "")
}

// Resume takes the call back from hold.
func (b *BaresipPeer) Resume(t testing.TB) {
	t.Helper()
	b.nameless(t)
	b.command(t, "resume", "")
}

// nameless waits for a second in which no recording began: their names are the second,
// and one that begins in the same as another writes over it.
func (b *BaresipPeer) nameless(t testing.TB) {
	t.Helper()
	eventually(t, b.name+" has no recording of this second", func() error {
		taken, err := filepath.Glob(filepath.Join(b.dir, time.Now().Format("dump-*-04-05-*.wav")))
		if err == nil && len(taken) > 0 {
			err = fmt.Errorf("there is %s", taken[0])
		}
		return err
	})
}

// Digits presses keys; they go out as telephone-events.
func (b *BaresipPeer) Digits(t testing.TB, keys string) {
	t.Helper()
	b.command(t, "sndcode", keys)
}

// Recording is what the phone has heard since audio last started, at its codec's
// rate.
func (b *BaresipPeer) Recording() Recording {
	return newest(filepath.Join(b.dir, "dump-*dec.wav"))
}
