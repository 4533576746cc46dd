package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

func TestWhereAConsoleLooksForItsServer(t *testing.T) {
	named := folder(t, map[string]string{"asterisk.conf": "[directories]\nastrundir => /run/pbx\n"})
	silent := folder(t, map[string]string{"asterisk.conf": "[options]\n"})
	broken := folder(t, map[string]string{"asterisk.conf": "[directories\n"})
	wd, err := os.Getwd()
	must(t, err)
	here := filepath.Join(wd, "data", socketName)
	for name, tc := range map[string]struct {
		s    settings
		want []string
	}{
		"ours":                      {settings{}, []string{here}},
		"ours, a folder":            {settings{dataDir: "/d"}, []string{"/d/" + socketName}},
		"ours, with files":          {settings{asteriskDir: named}, []string{"/run/pbx/" + socketName, here}},
		"ours, with files, no word": {settings{asteriskDir: silent}, []string{here}},
		"Asterisk's":                {settings{asteriskDir: named, asAsterisk: true}, []string{"/run/pbx/" + socketName, here}},
		"Asterisk's, no word":       {settings{asteriskDir: silent, asAsterisk: true}, []string{"/var/run/asterisk/" + socketName, here}},
		"Asterisk's, no file":       {settings{asteriskDir: "/nowhere", asAsterisk: true}, []string{"/var/run/asterisk/" + socketName, here}},
		"Asterisk's, a broken file": {settings{asteriskDir: broken, asAsterisk: true}, []string{"/var/run/asterisk/" + socketName, here}},
		"both folders":              {settings{asteriskDir: named, dataDir: "/d"}, []string{"/d/" + socketName}},
	} {
		cfg, err := tc.s.load()
		must(t, err)
		if got := socketsOf(cfg, tc.s.runDir()); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestTheConsoleIsFoundInTheRunFolder(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	dir := folder(t, map[string]string{"asterisk.conf": "[directories]\nastrundir => " + run + "\n"})
	srv, _ := started(t, "asterisk_dir="+dir)
	if to, err := os.Readlink(filepath.Join(run, socketName)); err != nil || to != filepath.Join(srv.cfg.DataDir, socketName) {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if code, out, errs := command("asterisk", "-C", dir+"/asterisk.conf", "-rx", "core waitfullybooted"); code != 0 || out != "Asterisk has fully booted.\n" {
		t.Errorf("%d %s%s", code, out, errs)
	}
	must(t, srv.stop(true))
	if left, err := os.ReadDir(run); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A person at a terminal is greeted and prompted; a script is not.
func TestAConsoleAtATerminal(t *testing.T) {
	srv, _ := started(t)
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer person.Close()
	var number, unlock int32
	for request, value := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlock} {
		if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value))); no != 0 {
			t.Skipf("no terminals here: %v", no)
		}
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer tty.Close()
	null, err := os.Open(os.DevNull)
	must(t, err)
	defer null.Close()
	if terminal(null) || terminal(strings.NewReader("")) || !terminal(tty) {
		t.Error("what is a terminal and what is not")
	}
	_, err = person.WriteString("core show calls\nexit\n")
	must(t, err)
	var out bytes.Buffer
	root := rootCommand(&out, &out, true)
	root.SetArgs([]string{"rx", "--data-dir", srv.cfg.DataDir})
	root.SetIn(tty)
	must(t, root.ExecuteContext(t.Context()))
	if text := out.String(); !strings.HasPrefix(text, "Skybridge dev\n") || strings.Count(text, "*CLI> ") != 2 ||
		!strings.Contains(text, "*CLI> 0 active calls\n") {
		t.Errorf("the console says %q", text)
	}
}

func TestALinkReplacesAnother(t *testing.T) {
	link := filepath.Join(t.TempDir(), "a", "link")
	for _, to := range []string{"one", "two", "two"} {
		must(t, symlink(to, link))
		if got, err := os.Readlink(link); err != nil || got != to {
			t.Errorf("%q, %v", got, err)
		}
	}
}
