// Package defaults has the configuration of a fresh installation: files in
// Asterisk's syntax, written once with passwords of their own.
package defaults

import (
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed files/*.tmpl
var files embed.FS

// Phone is a demo extension.
type Phone struct {
	Number   string
	Password string
}

// FirstPhone and LastPhone bound the demo extensions, Room is the demo's room.
const (
	FirstPhone = 1001
	LastPhone  = 1009
	Room       = "9000"
)

// Write fills dir with the default files, unless it has a pjsip.conf already; other
// files that are there stay as they are. It reports whether it wrote.
func Write(dir string) (bool, error) {
	if _, err := os.Stat(filepath.Join(dir, "pjsip.conf")); err == nil {
		return false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	data := struct{ Phones []Phone }{}
	for n := FirstPhone; n <= LastPhone; n++ {
		data.Phones = append(data.Phones, Phone{Number: fmt.Sprint(n), Password: strings.ToLower(rand.Text()[:16])})
	}
	t, err := template.ParseFS(files, "files/*.tmpl")
	if err != nil {
		return false, fmt.Errorf("default files: %w", err)
	}
	// pjsip.conf comes last: its presence says that all of them are there.
	for _, name := range []string{"extensions.conf", "pjsip.conf"} {
		var text strings.Builder
		if err := t.ExecuteTemplate(&text, name+".tmpl", data); err != nil {
			return false, fmt.Errorf("default %s: %w", name, err)
		}
		if err := create(filepath.Join(dir, name), text.String()); err != nil {
			return false, err
		}
	}
	return true, nil
}

// create writes a file, whole or not at all, unless it is there already.
func create(file, text string) error {
	if _, err := os.Stat(file); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
