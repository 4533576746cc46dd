package defaults_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/lint"
)

func write(t *testing.T, dir string, want bool) {
	t.Helper()
	wrote, err := defaults.Write(dir)
	if err != nil || wrote != want {
		t.Fatalf("wrote %v, %v", wrote, err)
	}
}

// texts are the files of a directory by name.
func texts(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}

func TestTheFilesAreWrittenOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "asterisk")
	write(t, dir, true)
	before := texts(t, dir)
	if len(before) != 2 || before["pjsip.conf"] == "" || before["extensions.conf"] == "" {
		t.Fatalf("files %v", before)
	}
	for name := range before {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 { // they hold passwords
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	write(t, dir, false)
	for name, text := range texts(t, dir) {
		if text != before[name] {
			t.Errorf("%s has changed", name)
		}
	}
	other := t.TempDir()
	write(t, other, true)
	if texts(t, other)["pjsip.conf"] == before["pjsip.conf"] {
		t.Error("two installations have the same passwords")
	}
}

// A start that was cut short, and files of the operator's own.
func TestWhatIsThereStays(t *testing.T) {
	dir := t.TempDir()
	mine := "[internal]\nexten => 1,1,Answer()\n"
	if err := os.WriteFile(filepath.Join(dir, "extensions.conf"), []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pjsip.conf.new"), []byte("[100"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, dir, true)
	got := texts(t, dir)
	if len(got) != 2 || got["extensions.conf"] != mine || got["pjsip.conf"] == "" {
		t.Errorf("files %v", got)
	}
	if _, err := defaults.Write(filepath.Join(dir, "pjsip.conf", "x")); err == nil {
		t.Error("a folder below a file")
	}
}

func TestTheFilesMeanWhatTheyShould(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, true)
	loader, err := asterisk.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	set, err := endpoint.Load(loader)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := dialplan.LoadFile(loader, "extensions.conf", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range slices.Concat(set.Warnings, plan.Warnings, lint.Targets(plan, true)) {
		t.Errorf("warning: %v", w)
	}
	if len(set.Endpoints) != defaults.LastPhone-defaults.FirstPhone+1 {
		t.Errorf("%d endpoints", len(set.Endpoints))
	}
	seen := make(map[string]bool)
	now := time.Now()
	for n := defaults.FirstPhone; n <= defaults.LastPhone; n++ {
		name := strconv.Itoa(n)
		e, aor := set.Endpoint(name), set.AOR(name)
		if e == nil || aor == nil || len(e.Auth) != 1 || e.Auth[0].Username != name || e.Context != "internal" ||
			e.CallerNumber != name || len(e.AORs) != 1 || e.AORs[0] != name || aor.MaxContacts < 1 || len(e.Codecs) != 4 {
			t.Fatalf("phone %s: %+v, %+v", name, e, aor)
		}
		password := e.Auth[0].Password
		if len(password) < 16 || seen[password] {
			t.Errorf("phone %s: a password of %d characters, or another's", name, len(password))
		}
		seen[password] = true
		if !plan.Exists("internal", name, "", now) {
			t.Errorf("nobody can dial %s", name)
		}
	}
	for _, exten := range []string{defaults.Room, "9999", "600"} {
		if !plan.Exists("internal", exten, "", now) {
			t.Errorf("nobody can dial %s", exten)
		}
	}
	if plan.Exists("internal", "1000", "", now) || plan.Exists("internal", "0123", "", now) {
		t.Error("numbers that are nobody's can be dialled")
	}
}
