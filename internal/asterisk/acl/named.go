package acl

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// File holds the lists that have names.
const File = "acl.conf"

// Named are the lists of acl.conf by their names, which have case.
type Named map[string]ACL

// Load reads acl.conf, if it is there. A list with a line that cannot be read permits nobody.
func Load(from asterisk.Loader, w *asterisk.Warnings) (Named, error) {
	config, err := from.Load(File, w)
	var inside *asterisk.Error
	if errors.Is(err, fs.ErrNotExist) && !errors.As(err, &inside) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	named := make(Named)
	for _, s := range config.Live() {
		a := named[s.Name]
		for _, line := range s.Settings {
			if err := a.read(line); err != nil {
				w.Add(asterisk.Warning{Grave: true, File: line.File, Line: line.Line, Text: fmt.Sprintf("[%s] %s: %v", s.Name, line.Key, err),
					Here: "the list permits no address until that is mended"})
				a.shut = true
			}
		}
		named[s.Name] = a
	}
	return named, nil
}

func (a *ACL) read(line asterisk.Setting) error {
	key := strings.ToLower(line.Key)
	if key != "permit" && key != "deny" {
		return fmt.Errorf("it is neither permit nor deny")
	}
	list, err := parse(line.Value, key == "permit")
	if err == nil {
		a.own = append(a.own, list...)
	}
	return err
}
