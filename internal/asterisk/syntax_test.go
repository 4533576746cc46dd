package asterisk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// syntaxCases feed the parser, the printer and the fuzz target.
var syntaxCases = []struct {
	name     string
	text     string
	printed  string // the plainest form
	warnings string // "line text", one a line
	err      string
}{
	{name: "empty"},
	{name: "comment only", text: "; nothing here\n;;;\n"},
	{name: "section and keys", text: "[general]\nenabled = yes\nbindport=8088\n", printed: "[general]\nenabled = yes\nbindport = 8088\n"},
	{name: "object operator", text: "[c]\nexten => 1,1,NoOp(a=b)\nexten=>2,1,NoOp\n", printed: "[c]\nexten => 1,1,NoOp(a=b)\nexten => 2,1,NoOp\n"},
	{name: "value begins with >", text: "[c]\na = >b\n", printed: "[c]\na = >b\n"},
	{name: "empty value", text: "[c]\na =\nb =>\nc +=\n", printed: "[c]\na =\nb =>\nc +=\n"},
	{name: "concatenate", text: "[c]\nallow += ,opus\na+=b\n", printed: "[c]\nallow += ,opus\na +=b\n"},
	{name: "plus in the key", text: "[c]\na + = b\n", printed: "[c]\na + = b\n"},
	{name: "trailing comment", text: "[c] ; the section\na = b ; c\na = b;c\n", printed: "[c]\na = b\na = b\n"},
	{name: "escaped semicolon", text: "[c]\na = b\\;c ; d\n", printed: "[c]\na = b\\;c\n"},
	{name: "escaped backslash and semicolon", text: "[c]\na = b\\\\;c\n", printed: "[c]\na = b\\\\;c\n"},
	{name: "semicolon twice", text: "[c]\na = \\;\\;;\n", printed: "[c]\na = \\;\\;\n"},
	{name: "rule of hyphens is one line", text: "[c]\n;---- rule\na = b\n;-----\n", printed: "[c]\na = b\n"},
	{name: "block comment", text: "[c]\na = b\n;-- gone\nc = d\n--;\ne = f\n", printed: "[c]\na = b\ne = f\n"},
	{name: "block comment in a line", text: "[c]\na = b;-- c --; d\n", printed: "[c]\na = b d\n"},
	{name: "nested block comments", text: "[c]\n;-- one\n;-- two --;\na = b\n--;\ne = f\n", printed: "[c]\ne = f\n"},
	{name: "line comment in a block comment", text: "[c]\n;--\n; still\na = b\n--;\ne = f\n", printed: "[c]\ne = f\n"},
	{name: "block comment never closed", text: "[c]\n;-- gone\na = b\n", printed: "[c]\n", warnings: "2 comment opened by ;-- is never closed by --;"},
	{name: "close without open", text: "[c]\na = b --; c\n", printed: "[c]\na = b --\n", warnings: "2 --; closes a comment that is not open"},
	{name: "template", text: "[tpl](!)\na = b\n[x](tpl)\n[y](tpl, other)\n[z](!,tpl)\n", printed: "[tpl](!)\na = b\n\n[x](tpl)\n\n[y](tpl,other)\n\n[z](!,tpl)\n"},
	{name: "append", text: "[x](+)\na = b\n[x](+type=endpoint&context=c)\n", printed: "[x](+)\na = b\n\n[x](+type=endpoint&context=c)\n"},
	{name: "section indented", text: "  [x]\n\ta = b\n", printed: "[x]\na = b\n"},
	{name: "directives", text: "#include \"a.conf\"\n#include <b/*.conf>\n#include c.conf\n#tryinclude d.conf\n#exec /bin/true\n",
		printed: "#include \"a.conf\"\n#include \"b/*.conf\"\n#include \"c.conf\"\n#tryinclude \"d.conf\"\n#exec \"/bin/true\"\n"},
	{name: "directive with a quote in its name", text: "#include <a\"b>\n#include c\"d>e\n", printed: "#include <a\"b>\n#include c\"d>e\n"},
	{name: "directive in capitals", text: "#INCLUDE x\n", printed: "#include \"x\"\n"},
	{name: "directive without a file", text: "#include\n", warnings: "1 #include names no file"},
	{name: "unknown directive", text: "#pragma once\n[c]\n", printed: "[c]\n", warnings: "1 unknown directive #pragma"},
	{name: "no equals sign", text: "[c]\nnonsense\na = b\n", printed: "[c]\na = b\n", warnings: "2 there is no ="},
	{name: "no key", text: "[c]\n= b\n", printed: "[c]\n", warnings: "2 no name before ="},
	{name: "escaped first character", text: "[c]\n\\[a = b\n\\#c = d\n\\\\e = f\n", printed: "[c]\n\\[a = b\n\\#c = d\n\\\\e = f\n"},
	{name: "backslash that escapes nothing", text: "[c]\n\\a = b\n", printed: "[c]\n\\\\a = b\n"},
	{name: "byte order mark", text: "\xef\xbb\xbf[c]\na = b\n", printed: "[c]\na = b\n"},
	{name: "windows line ends", text: "[c]\r\na = b\r\n", printed: "[c]\na = b\n"},
	{name: "no newline at the end", text: "[c]\na = b", printed: "[c]\na = b\n"},
	{name: "latin-1", text: "[c]\na = r\xe9union\n", printed: "[c]\na = r\xe9union\n"},
	{name: "text after the section", text: "[c] text\n", printed: "[c]\n"},
	{name: "open bracket", text: "[c]\n[general\n", err: `t.conf:2: no closing ] in "[general"`},
	{name: "open parenthesis", text: "[c](!\n", err: `t.conf:1: no closing ) in "[c](!"`},
	{name: "NUL", text: "[c]\na = \x00\n", err: "t.conf:2: line has a NUL byte; this is no text file"},
	{name: "long line", text: "[c]\na = " + strings.Repeat("x", 9000), err: "t.conf:2: line is longer than 8191 bytes"},
	{name: "comments too deep", text: strings.Repeat(";-- ", 129), err: "t.conf:1: comments are nested deeper than 128"},
}

func TestParseAndPrint(t *testing.T) {
	for _, c := range syntaxCases {
		t.Run(c.name, func(t *testing.T) {
			var w Warnings
			src, err := Parse("t.conf", c.text, Limits{}, &w)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := src.String(); got != c.printed {
				t.Errorf("printed\n%s\nwant\n%s", got, c.printed)
			}
			var lines []string
			for _, x := range w.List() {
				lines = append(lines, fmt.Sprintf("%d %s", x.Line, x.Text))
				if x.Here == "" {
					t.Errorf("%s does not say what follows", x)
				}
			}
			if got := strings.Join(lines, "\n"); got != c.warnings {
				t.Errorf("warnings\n%s\nwant\n%s", got, c.warnings)
			}
			checkRoundTrip(t, src)
		})
	}
}

func checkRoundTrip(t *testing.T, src *Source) {
	t.Helper()
	printed := src.String()
	var w Warnings
	again, err := Parse("t.conf", printed, Limits{LineBytes: 1 << 20}, &w)
	if err != nil {
		t.Fatalf("printed text does not parse: %v\n%s", err, printed)
	}
	if list := w.List(); len(list) > 0 {
		t.Fatalf("printed text gives warnings: %v\n%s", list, printed)
	}
	if d := cmp.Diff(withoutNumbers(src), withoutNumbers(again)); d != "" {
		t.Fatalf("parse, print, parse is not the identity:\n%s\n%s", d, printed)
	}
}

func withoutNumbers(s *Source) []Line {
	lines := make([]Line, len(s.Lines))
	for i, l := range s.Lines {
		l.Number = 0
		lines[i] = l
	}
	return lines
}

func FuzzParse(f *testing.F) {
	for _, c := range syntaxCases {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var w Warnings
		src, err := Parse("t.conf", text, Limits{}, &w)
		if err != nil {
			return
		}
		checkRoundTrip(t, src)
	})
}

func TestLimits(t *testing.T) {
	var w Warnings
	if _, err := Parse("t.conf", "[a]\nb = c\n", Limits{FileBytes: 5}, &w); err == nil || err.Error() != "t.conf: file is longer than 5 bytes" {
		t.Errorf("file bytes: %v", err)
	}
}
