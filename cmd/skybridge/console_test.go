package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
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

func TestALinkReplacesAnother(t *testing.T) {
	link := filepath.Join(t.TempDir(), "a", "link")
	for _, to := range []string{"one", "two", "two"} {
		must(t, symlink(to, link))
		if got, err := os.Readlink(link); err != nil || got != to {
			t.Errorf("%q, %v", got, err)
		}
	}
}
