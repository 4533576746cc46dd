package presubmit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// What a page of the repository points to in the repository is there.
func TestLinks(t *testing.T) {
	pages := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (name[0] == '.' || slices.Contains([]string{"node_modules", "bin", "data"}, name)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pages++
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		for _, dead := range deadLinks(os.DirFS(root), filepath.ToSlash(rel), string(text)) {
			t.Error(dead)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if pages < 10 {
		t.Errorf("only %d pages were found", pages)
	}
}

var (
	inlineLink    = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)
	referenceLink = regexp.MustCompile(`^\[[^\]]+\]:\s+(\S+)`)
	codeSpan      = regexp.MustCompile("`[^`]*`")
	elsewhere     = regexp.MustCompile(`^([a-z]+:|//)`)
)

// deadLinks are the links of a page that lead to no file of the repository, or to no
// heading of a page.
func deadLinks(repository fs.FS, page, text string) (dead []string) {
	for n, line := range prose(text) {
		line = codeSpan.ReplaceAllString(line, "``")
		for _, m := range append(inlineLink.FindAllStringSubmatch(line, -1), referenceLink.FindAllStringSubmatch(line, -1)...) {
			target := m[1]
			if elsewhere.MatchString(target) {
				continue
			}
			if why := follow(repository, page, text, target); why != "" {
				dead = append(dead, fmt.Sprintf("%s:%d: link to %s: %s", page, n+1, target, why))
			}
		}
	}
	return dead
}

// follow says why a link leads nowhere, "" when it leads somewhere.
func follow(repository fs.FS, page, text, target string) string {
	file, heading, _ := strings.Cut(target, "#")
	if file != "" {
		name := filepath.ToSlash(filepath.Join(filepath.Dir(page), file))
		if strings.HasPrefix(file, "/") || !fs.ValidPath(name) {
			return "outside the repository"
		}
		info, err := fs.Stat(repository, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "no such file"
		case err != nil:
			return err.Error()
		case heading == "" || info.IsDir():
			return ""
		}
		data, err := fs.ReadFile(repository, name)
		if err != nil {
			return err.Error()
		}
		text = string(data)
	}
	for _, line := range prose(text) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") && anchor(title) == heading {
			return ""
		}
	}
	return "no such heading"
}

// prose is a page line by line, with nothing where there is code.
func prose(text string) []string {
	lines := strings.Split(text, "\n")
	code := false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if code || fence {
			lines[i] = ""
		}
		if fence {
			code = !code
		}
	}
	return lines
}

// anchor is the name that a heading has in links.
func anchor(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(title)) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Decisions are referred to by their numbers: each has one of its own, in its name and its heading.
func TestDecisionsAreNumbered(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs/adr/*.md"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d decisions: %v", len(pages), err)
	}
	for i, page := range pages { // in the order of their names
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(page); !strings.HasPrefix(name, fmt.Sprintf("%04d-", i+1)) || !strings.HasPrefix(string(text), fmt.Sprintf("# %d. ", i+1)) {
			t.Errorf("%s is the %dth decision", name, i+1)
		}
	}
}
