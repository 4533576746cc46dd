package asterisk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Loader reads configurations from a directory. OpenDir makes one for a directory of
// the system; embedded files need only FS.
type Loader struct {
	// FS is the configuration directory.
	FS fs.FS
	// Root is the absolute path that FS stands for; includes by absolute path below
	// it are taken from FS. Empty for files that have no place in the system.
	Root string
	// Outside holds "/", for includes that leave the directory; nil refuses them.
	Outside fs.FS
	Limits  Limits
}

// OpenDir is a Loader for a directory of the system.
func OpenDir(dir string) (Loader, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return Loader{}, fmt.Errorf("configuration directory %s: %w", dir, err)
	}
	info, err := os.Stat(root)
	if err != nil {
		return Loader{}, fmt.Errorf("configuration directory: %w", err)
	}
	if !info.IsDir() {
		return Loader{}, fmt.Errorf("configuration directory %s: is a file", dir)
	}
	return Loader{FS: os.DirFS(root), Root: filepath.ToSlash(root), Outside: os.DirFS("/")}, nil
}

// Load reads a configuration by its file's name in the directory. A file that is not
// there gives an error that is fs.ErrNotExist; what is wrong inside gives an *Error.
func (l Loader) Load(name string, w *Warnings) (*Config, error) {
	r := &resolver{
		loader: l, limits: l.Limits.orDefault(), warnings: w,
		config: &Config{Name: name}, byName: make(map[string][]*Section),
	}
	text, err := r.read(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		return nil, &Error{File: name, Text: err.Error(), Err: err}
	}
	if err := r.file(name, text, nil); err != nil {
		return nil, err
	}
	return r.config, nil
}

// resolver carries out includes, templates and appends.
type resolver struct {
	loader   Loader
	limits   Limits
	warnings *Warnings
	config   *Config
	byName   map[string][]*Section // by lower-case name
	entries  int
	stack    []string // files being read
}

// read gives a file's text. name is relative to the directory, or absolute.
func (r *resolver) read(name string) (string, error) {
	fsys, inner, err := r.locate(name)
	if err != nil {
		return "", err
	}
	f, err := fsys.Open(inner)
	if err != nil {
		return "", err
	}
	defer f.Close() // read only: nothing to lose
	text, err := io.ReadAll(io.LimitReader(f, int64(r.limits.FileBytes)+1))
	if err != nil {
		return "", err
	}
	return string(text), nil
}

var errOutside = errors.New("file is outside the configuration directory")

// locate says in which file system a name is to be found, and by which path there.
func (r *resolver) locate(name string) (fs.FS, string, error) {
	clean := path.Clean(name)
	if !path.IsAbs(clean) {
		if clean != ".." && !strings.HasPrefix(clean, "../") {
			return r.loader.FS, clean, nil
		}
		if r.loader.Root != "" {
			clean = path.Join(r.loader.Root, clean)
		}
	}
	if below, ok := strings.CutPrefix(clean, r.loader.Root+"/"); ok && r.loader.Root != "" {
		return r.loader.FS, below, nil
	}
	if r.loader.Outside == nil || !path.IsAbs(clean) {
		return nil, "", errOutside
	}
	return r.loader.Outside, strings.TrimPrefix(clean, "/"), nil
}

// file takes over one file's lines. section is where the includer stood.
func (r *resolver) file(name, text string, section *Section) error {
	if len(r.config.Files) >= r.limits.Files {
		return &Error{File: name, Text: fmt.Sprintf("more than %d files", r.limits.Files)}
	}
	r.config.Files = append(r.config.Files, name)
	r.stack = append(r.stack, name)
	defer func() { r.stack = r.stack[:len(r.stack)-1] }()

	src, err := Parse(name, text, r.limits, r.warnings)
	if err != nil {
		return err
	}
	for _, line := range src.Lines {
		at := place{name, line.Number}
		switch {
		case line.Header != nil:
			section, err = r.header(line.Header, at)
		case line.Directive != nil:
			err = r.directive(line.Directive, section, at)
		default:
			err = r.entry(line.Entry, section, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// place is a line of a file.
type place struct {
	file string
	line int
}

func (p place) errorf(format string, args ...any) error {
	return &Error{File: p.file, Line: p.line, Text: fmt.Sprintf(format, args...)}
}

func (r *resolver) header(h *Header, at place) (*Section, error) {
	var s *Section
	if h.Append {
		if s = r.lookup(h.Name, h.Filter); s == nil {
			return nil, at.errorf("[%s](+%s): there is no such section above", h.Name, h.Filter)
		}
	} else {
		s = &Section{Name: h.Name, Template: h.Template, File: at.file, Line: at.line}
	}
	for _, base := range h.Bases {
		from := r.lookup(base, "")
		if from == nil {
			return nil, at.errorf("[%s](%s): there is no section [%s] above", h.Name, base, base)
		}
		if err := r.count(len(from.Settings), at); err != nil {
			return nil, err
		}
		for _, set := range from.Settings {
			set.Inherited = true
			s.Settings = append(s.Settings, set)
		}
	}
	if !h.Append {
		if err := r.count(1, at); err != nil {
			return nil, err
		}
		r.config.Sections = append(r.config.Sections, s)
		key := strings.ToLower(h.Name)
		r.byName[key] = append(r.byName[key], s)
	}
	return s, nil
}

// lookup is the first section of a name that has all of a filter's values
// ("type=endpoint&context=a"), or nil.
func (r *resolver) lookup(name, filter string) *Section {
	for _, s := range r.byName[strings.ToLower(name)] {
		if matchesFilter(s, filter) {
			return s
		}
	}
	return nil
}

func matchesFilter(s *Section, filter string) bool {
	if filter == "" {
		return true
	}
	for _, condition := range strings.Split(filter, "&") {
		key, want, _ := strings.Cut(condition, "=")
		if got, ok := s.Get(trim(key)); !ok || got != trim(want) {
			return false
		}
	}
	return true
}

// count keeps the number of entries, inherited ones too, within its limit.
func (r *resolver) count(n int, at place) error {
	if r.entries += n; r.entries > r.limits.Entries {
		return at.errorf("more than %d settings", r.limits.Entries)
	}
	return nil
}

func (r *resolver) entry(e *Entry, s *Section, at place) error {
	if s == nil {
		return at.errorf("%q stands before any [section]", e.Key)
	}
	if err := r.count(1, at); err != nil {
		return err
	}
	set := Setting{Key: e.Key, Value: e.Value, File: at.file, Line: at.line}
	if e.Op == Concatenate {
		if old := s.Last(e.Key); old != nil {
			if len(old.Value)+len(e.Value) > r.limits.LineBytes {
				return at.errorf("value of %s is longer than %d bytes", e.Key, r.limits.LineBytes)
			}
			set.Value = old.Value + e.Value
			*old = set
			return nil
		}
		set.Value = trim(set.Value)
	}
	s.Settings = append(s.Settings, set)
	return nil
}

func (r *resolver) directive(d *Directive, s *Section, at place) error {
	if d.Name == "exec" {
		r.warnings.Add(Warning{File: at.file, Line: at.line, Text: fmt.Sprintf("#exec %q is not carried out", d.Argument),
			Asterisk: "runs the program if execincludes is on", Here: "the line is skipped",
			Fix: "run the program beforehand and #include its output"})
		return nil
	}
	if len(r.stack) > r.limits.IncludeDepth {
		return at.errorf("#include is nested deeper than %d", r.limits.IncludeDepth)
	}
	optional := d.Name == "tryinclude"
	names, err := r.glob(d.Argument)
	if err != nil {
		return at.errorf("#%s %q: %v", d.Name, d.Argument, err)
	}
	if len(names) == 0 && !optional {
		r.warnings.Add(Warning{File: at.file, Line: at.line, Text: fmt.Sprintf("#include %q names no file", d.Argument),
			Asterisk: "refuses the whole configuration", Here: "nothing is included", Fix: "use #tryinclude"})
	}
	for _, name := range names {
		if slices.Contains(r.stack, name) {
			return at.errorf("#%s %q: the file includes itself", d.Name, name)
		}
		text, err := r.read(name)
		if errors.Is(err, fs.ErrNotExist) && optional {
			continue
		}
		if err != nil {
			return &Error{File: at.file, Line: at.line, Text: fmt.Sprintf("#%s %q: %v", d.Name, name, err), Err: err}
		}
		if err := r.file(name, text, s); err != nil {
			return err
		}
	}
	return nil
}

// glob is the files that an include names, in order. A name without * ? or [ is
// itself, there or not.
func (r *resolver) glob(pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{path.Clean(pattern)}, nil
	}
	fsys, inner, err := r.locate(pattern)
	if err != nil {
		return nil, err
	}
	found, err := fs.Glob(fsys, inner)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range found {
		info, err := fs.Stat(fsys, f)
		if err != nil || info.IsDir() || strings.HasPrefix(path.Base(f), ".") {
			continue
		}
		if inner != path.Clean(pattern) && fsys == r.loader.Outside {
			f = "/" + f
		}
		names = append(names, f)
	}
	slices.Sort(names)
	return names, nil
}
