package peer

import (
	"cmp"
	"embed"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// AsteriskConfig says what one Asterisk is to be. The zero value answers anyone
// from loopback in context peer: 600 is Echo, 61HHHH plays a tone of HHHH Hz and
// records what it hears, 62N is conference room N.
type AsteriskConfig struct {
	SIP  int // UDP and TCP port; a free one when 0
	HTTP int // ARI's port; a free one when 0

	// PJSIP is added to pjsip.conf, where the template endpoint(!) has the
	// codecs and loopback settings of a test endpoint.
	PJSIP string
	// Extensions is added to extensions.conf.
	Extensions string
	// Files are further configuration files by name, or others in the place of
	// the usual ones.
	Files map[string]string
}

// AsteriskPeer is a running Asterisk.
type AsteriskPeer struct {
	SIP, HTTP int
	Dir       string // its own folder: etc, log, rec, spool

	proc *process
}

// asteriskConf is Asterisk's usual configuration. @NAME@ stands for what each
// instance has of its own.
//
//go:embed asterisk
var asteriskConf embed.FS

// ARI's user and password on every Asterisk here.
const (
	ARIUser     = "peer"
	ARIPassword = "peer"
)

// enter is run in namespaces of its own, which take its mounts and its processes
// with them: $1 is the root, $2 the instance's folder, $3 whom to run as.
const enter = `
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/peer"
exec chroot --userspec="$3" "$1" /usr/sbin/asterisk -C /peer/etc/asterisk.conf -f -n
`

// Asterisk starts an Asterisk 22 and waits until it is fully booted.
func Asterisk(t testing.TB, cfg AsteriskConfig) *AsteriskPeer {
	t.Helper()
	root, triplet := asteriskRoot(t)
	sudo := asRoot(t)
	a := &AsteriskPeer{
		SIP:  cmp.Or(cfg.SIP, FreePort(t)),
		HTTP: cmp.Or(cfg.HTTP, FreePort(t)),
		Dir:  scratch(t, "asterisk"),
	}
	for _, sub := range []string{"agi", "lib", "lib/keys", "log", "rec", "run", "spool"} {
		if err := os.Mkdir(filepath.Join(a.Dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(a.Dir, "etc"), a.files(t, cfg, triplet))

	who := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	a.proc = start(t, "asterisk", sudo("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
		"sh", "-ec", enter, "sh", root, a.Dir, who))
	t.Cleanup(func() { a.stop(t, sudo) })

	eventually(t, "asterisk's start", func() error {
		select {
		case <-a.proc.done:
			t.Fatalf("asterisk ended at its start: %v", a.proc.err)
		default:
		}
		// Before its commands are there it answers too: that there is no such command.
		out, err := a.CLI("core waitfullybooted")
		if err == nil && !strings.Contains(out, "fully booted") {
			err = fmt.Errorf("it says %q", out)
		}
		return err
	})
	return a
}

// files are all of the instance's configuration files by name.
func (a *AsteriskPeer) files(t testing.TB, cfg AsteriskConfig, triplet string) map[string]string {
	t.Helper()
	first := FreePorts(t)
	values := strings.NewReplacer(
		"@SIP@", strconv.Itoa(a.SIP),
		"@HTTP@", strconv.Itoa(a.HTTP),
		"@RTP_FIRST@", strconv.Itoa(first),
		"@RTP_LAST@", strconv.Itoa(first+media.run-1),
		"@TRIPLET@", triplet,
		"@ADDRESSES@", addresses(t),
	)
	files := map[string]string{}
	usual, err := asteriskConf.ReadDir("asterisk")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range usual {
		text, err := asteriskConf.ReadFile("asterisk/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = values.Replace(string(text))
	}
	files["pjsip.test.conf"] = cfg.PJSIP
	files["extensions.test.conf"] = cfg.Extensions
	maps.Copy(files, cfg.Files)
	return files
}

// addresses maps each of the machine's addresses to loopback.
func addresses(t testing.TB) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() {
			fmt.Fprintf(&b, "%s => %s\n", ip.IP, Host)
		}
	}
	return b.String()
}

// CLI runs a command of Asterisk's console and gives what it prints.
func (a *AsteriskPeer) CLI(command string) (string, error) {
	conn, err := net.Dial("unix", filepath.Join(a.Dir, "run", "asterisk.ctl"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	// A remote console: a greeting line comes first; commands end with a NUL.
	if _, err := fmt.Fprintf(conn, "cli quit after %s\x00", command); err != nil {
		return "", fmt.Errorf("send %q: %w", command, err)
	}
	out, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("read the answer to %q: %w", command, err)
	}
	_, text, _ := strings.Cut(string(out), "\n")
	return strings.ReplaceAll(text, "\x00", ""), nil
}

// Call has Asterisk call the PJSIP target ("1001" or "1001@trunk" or
// "trunk/sip:1001@127.0.0.1:5060") and connects who answers to the extension of
// context peer.
func (a *AsteriskPeer) Call(t testing.TB, target, extension string) {
	t.Helper()
	out, err := a.CLI(fmt.Sprintf("channel originate PJSIP/%s extension %s@peer", target, extension))
	if err != nil || strings.Contains(out, "No such") {
		t.Fatalf("asterisk does not call %s: %v %s", target, err, out)
	}
}

// Hangup ends all of Asterisk's channels.
func (a *AsteriskPeer) Hangup(t testing.TB) {
	t.Helper()
	if _, err := a.CLI("channel request hangup all"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "asterisk's channels end", func() error {
		if n, err := a.Channels(); err != nil || n > 0 {
			return fmt.Errorf("%d channels: %w", n, err)
		}
		return nil
	})
}

// Channels is the number of channels that are up.
func (a *AsteriskPeer) Channels() (int, error) {
	out, err := a.CLI("core show channels count")
	if err != nil {
		return 0, err
	}
	n, _, _ := strings.Cut(strings.TrimSpace(out), " ")
	return strconv.Atoi(n)
}

// Recording is what the newest call to an extension 61HHHH has heard so far.
func (a *AsteriskPeer) Recording(extension string) Recording {
	return newest(filepath.Join(a.Dir, "rec", extension+"-*.wav"))
}

// Log is what Asterisk has logged so far.
func (a *AsteriskPeer) Log() string {
	text, err := os.ReadFile(filepath.Join(a.Dir, "log", "full"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (a *AsteriskPeer) stop(t testing.TB, sudo rooted) {
	if t.Failed() {
		log := a.Log()
		t.Logf("asterisk logged:\n%s", log[max(0, len(log)-8000):])
	}
	// It may be gone already; then there is nobody to tell.
	_, _ = a.CLI("core stop now")
	end := time.NewTimer(limit)
	defer end.Stop()
	select {
	case <-a.proc.done:
		return
	case <-end.C:
		t.Error("asterisk did not stop when told")
	}
	// Behind sudo it is not ours to kill.
	if err := sudo("kill", "-KILL", "--", fmt.Sprintf("-%d", a.proc.cmd.Process.Pid)).Run(); err != nil {
		t.Errorf("kill asterisk: %v", err)
	}
}

// asteriskRoot is the root that build.sh made, and its library triplet.
func asteriskRoot(t testing.TB) (root, triplet string) {
	t.Helper()
	root = filepath.Join(cache(t), "asterisk22")
	found, err := filepath.Glob(filepath.Join(root, "usr", "lib", "*", "asterisk", "modules"))
	if err != nil || len(found) != 1 {
		t.Skipf("no Asterisk 22 in %s: run testdata/peers/install.sh as root", root)
	}
	return root, filepath.Base(filepath.Dir(filepath.Dir(found[0])))
}

// rooted makes a command that runs as root.
type rooted func(args ...string) *exec.Cmd

// asRoot runs commands as they are for root, and else through sudo.
func asRoot(t testing.TB) rooted {
	t.Helper()
	if os.Geteuid() == 0 {
		return func(args ...string) *exec.Cmd { return exec.Command(args[0], args[1:]...) }
	}
	if err := exec.Command("sudo", "-n", "true").Run(); err != nil {
		t.Skip("needs root or sudo without a password")
	}
	return func(args ...string) *exec.Cmd { return exec.Command("sudo", append([]string{"-n"}, args...)...) }
}
