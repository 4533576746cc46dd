package asterisk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// dump is a configuration in a few lines: sections, and settings with their places.
func dump(c *Config) string {
	var b strings.Builder
	for _, s := range c.Sections {
		b.WriteString("[" + s.Name + "]")
		if s.Template {
			b.WriteString("(!)")
		}
		for _, set := range s.Settings {
			b.WriteString(" " + set.Key + "=" + set.Value)
			if set.Inherited {
				b.WriteString("^")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		name     string
		files    map[string]string
		want     string
		warnings int
		err      string
		limits   Limits
	}{
		{name: "templates", files: map[string]string{"main": "[t](!)\na=1\nb=2\n[u](!)\nb=3\n[x](t,u)\nc=4\n"},
			want: "[t](!) a=1 b=2\n[u](!) b=3\n[x] a=1^ b=2^ b=3^ c=4\n"},
		{name: "template of a template", files: map[string]string{"main": "[t](!)\na=1\n[u](!,t)\nb=2\n[x](u)\n"},
			want: "[t](!) a=1\n[u](!) a=1^ b=2\n[x] a=1^ b=2^\n"},
		{name: "a plain section as template", files: map[string]string{"main": "[t]\na=1\n[x](T)\nb=2\n"}, want: "[t] a=1\n[x] a=1^ b=2\n"},
		{name: "append", files: map[string]string{"main": "[x]\na=1\n[y]\nb=2\n[x](+)\nc=3\n"}, want: "[x] a=1 c=3\n[y] b=2\n"},
		{name: "append by filter", files: map[string]string{"main": "[x]\ntype=aor\n[x]\ntype=endpoint\n[x](+type=endpoint)\nc=3\n"},
			want: "[x] type=aor\n[x] type=endpoint c=3\n"},
		{name: "concatenate", files: map[string]string{"main": "[t](!)\nallow=ulaw\n[x](t)\nallow+=,opus\nallow += g722\nnew += 1\n"},
			want: "[t](!) allow=ulaw\n[x] allow=ulaw,opus g722 new=1\n"},
		{name: "include", files: map[string]string{"main": "[x]\na=1\n#include \"sub/b.conf\"\nc=3\n", "sub/b.conf": "b=2\n[y]\nz=1\n"},
			want: "[x] a=1 b=2 c=3\n[y] z=1\n"},
		{name: "include several", files: map[string]string{"main": "#include <d/*.conf>\n", "d/2.conf": "[b]\n", "d/1.conf": "[a]\n", "d/.hidden.conf": "[h]\n", "d/x.txt": "[x]\n"},
			want: "[a]\n[b]\n"},
		{name: "include none of several", files: map[string]string{"main": "[x]\n#include \"d/*.conf\"\na=1\n"}, want: "[x] a=1\n", warnings: 1},
		{name: "include missing", files: map[string]string{"main": "[x]\n#include \"gone.conf\"\n"}, err: "main:2: #include \"gone.conf\": open gone.conf: file does not exist"},
		{name: "tryinclude missing", files: map[string]string{"main": "[x]\n#tryinclude \"gone.conf\"\n#tryinclude <d/*>\na=1\n"}, want: "[x] a=1\n"},
		{name: "include itself", files: map[string]string{"main": "#include \"b\"\n", "b": "#include \"./main\"\n"}, err: `b:1: #include "main": the file includes itself`},
		{name: "error inside an include", files: map[string]string{"main": "#include \"b\"\n", "b": "\n[x\n"}, err: `b:2: no closing ] in "[x"`},
		{name: "include by absolute path below the directory", files: map[string]string{"main": "#include \"/etc/asterisk/b\"\n", "b": "[b]\n"}, want: "[b]\n"},
		{name: "include outside", files: map[string]string{"main": "#include \"/etc/passwd\"\n"}, err: `main:1: #include "/etc/passwd": file is outside the configuration directory`},
		{name: "include above", files: map[string]string{"main": "#include \"../x\"\n"}, err: `main:1: #include "../x": file is outside the configuration directory`},
		{name: "exec", files: map[string]string{"main": "[x]\n#exec /bin/ls\na=1\n"}, want: "[x] a=1\n", warnings: 1},
		{name: "no section", files: map[string]string{"main": "a=1\n"}, err: `main:1: "a" stands before any [section]`},
		{name: "no base", files: map[string]string{"main": "[x](t)\n[t](!)\n"}, err: "main:1: [x](t): there is no section [t] above"},
		{name: "nothing to append to", files: map[string]string{"main": "[x](+)\n"}, err: "main:1: [x](+): there is no such section above"},
		{name: "too many settings", files: map[string]string{"main": "[a](!)\nx=1\n[b](!,a,a)\n[c](!,b,b)\n[d](!,c,c)\n"},
			limits: Limits{Entries: 10}, err: "main:5: more than 10 settings"},
		{name: "includes too deep", files: map[string]string{"main": "#include \"1\"\n", "1": "#include \"2\"\n", "2": "#include \"3\"\n", "3": "[x]\n"},
			limits: Limits{IncludeDepth: 2}, err: "2:1: #include is nested deeper than 2"},
		{name: "too many files", files: map[string]string{"main": "#include \"1\"\n#include \"2\"\n", "1": "[a]\n", "2": "[a]\n"},
			limits: Limits{Files: 2}, err: "2: more than 2 files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range c.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			var w Warnings
			config, err := Loader{FS: files, Root: "/etc/asterisk", Limits: c.limits}.Load("main", &w)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(config); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			if list := w.List(); len(list) != c.warnings {
				t.Errorf("%d warnings %v, want %d", len(list), list, c.warnings)
			}
		})
	}
}

func TestLoadMissing(t *testing.T) {
	var w Warnings
	if _, err := (Loader{FS: fstest.MapFS{}}).Load("gone.conf", &w); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v is not fs.ErrNotExist", err)
	}
}

func TestPlaces(t *testing.T) {
	var w Warnings
	config, err := Loader{FS: fstest.MapFS{
		"main": {Data: []byte("[t](!)\na=1\n#include \"b\"\n")},
		"b":    {Data: []byte("\n[x](t)\nb=2\n")},
	}}.Load("main", &w)
	if err != nil {
		t.Fatal(err)
	}
	s := config.Section("X")
	if s == nil || s.File != "b" || s.Line != 2 {
		t.Fatalf("section %+v", s)
	}
	if a := s.Last("A"); a == nil || a.File != "main" || a.Line != 2 {
		t.Errorf("inherited setting is at %+v, want main:2", a)
	}
	if b := s.Last("b"); b == nil || b.File != "b" || b.Line != 3 {
		t.Errorf("setting is at %+v, want b:3", b)
	}
}

func TestOpenDir(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "etc")
	for name, text := range map[string]string{
		"etc/main":      "#include \"../site/one.conf\"\n#include \"../site/d/*.conf\"\n#include \"" + filepath.ToSlash(dir) + "/local\"\n",
		"etc/local":     "[local]\n",
		"site/one.conf": "[one]\n", "site/d/two.conf": "[two]\n",
	} {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var w Warnings
	config, err := l.Load("main", &w)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := dump(config), "[one]\n[two]\n[local]\n"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
	if _, err := OpenDir(filepath.Join(dir, "main")); err == nil {
		t.Error("a file is opened as a directory")
	}
}
