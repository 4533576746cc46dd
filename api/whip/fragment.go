package whip

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// fragmentType is the media type of what PATCH carries (RFC 8840 §10.1).
const fragmentType = "application/trickle-ice-sdpfrag"

// maxFragmentCandidates bounds those of one PATCH.
const maxFragmentCandidates = 64

// fragment is the part of an SDP that ICE is about (RFC 8840 §9).
type fragment struct {
	ufrag, pwd string
	candidates []candidate
	complete   bool // no more candidates come
	// Of what we write: the m= line of the section, its mid, and what an answer says of ICE and
	// BUNDLE, which does not change (RFC 9725 §4.3.3).
	media, mid string
	same       []string
}

// candidate is one with the section that it stands in.
type candidate struct {
	text string // "candidate:…"
	mid  string
}

func badFragment(line int, format string, args ...any) error {
	return fault.WithCode(fault.Malformed, "malformed_sdp", "line %d: "+format, append([]any{line}, args...)...)
}

// readFragment reads what a client sends. Its errors are of kind fault.Malformed with the line,
// or fault.TooLarge.
func readFragment(text string) (fragment, error) {
	var f fragment
	mid, n := "", 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return f, badFragment(n, "no line of an SDP")
		}
		if strings.HasPrefix(line, "m=") {
			mid = ""
			continue
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "a="), ":")
		switch {
		case !strings.HasPrefix(line, "a="): // of no use here
		case name == "mid":
			mid = value
		case name == "ice-ufrag":
			if !isICEText(value, 4) || f.ufrag != "" && f.ufrag != value {
				return f, badFragment(n, "ice-ufrag")
			}
			f.ufrag = value
		case name == "ice-pwd":
			if !isICEText(value, 22) || f.pwd != "" && f.pwd != value {
				return f, badFragment(n, "ice-pwd")
			}
			f.pwd = value
		case name == "candidate":
			if len(f.candidates) == maxFragmentCandidates {
				return f, fault.New(fault.TooLarge, "line %d: more than %d candidates", n, maxFragmentCandidates)
			}
			f.candidates = append(f.candidates, candidate{"candidate:" + value, mid})
		case name == "end-of-candidates":
			f.complete = true
		}
	}
	if f.ufrag == "" || f.pwd == "" {
		return f, fault.WithCode(fault.Malformed, "malformed_sdp", "no ice-ufrag and ice-pwd (RFC 8840 §9)")
	}
	return f, nil
}

// isICEText reports whether a text can be a credential of at least so many characters (RFC 8839
// §5.4).
func isICEText(s string, least int) bool {
	return len(s) >= least && len(s) <= 256 && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/'
	})
}

// fragmentOf is the part about ICE of an answer of ours. What bears the candidates is its first
// section that is not refused.
func fragmentOf(answer string) fragment {
	var f fragment
	bears := false
	for line := range strings.Lines(answer) {
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		switch {
		case (name == "a=ice-options" || name == "a=ice-lite" || name == "a=ice-pacing" || name == "a=group") && !slices.Contains(f.same, line):
			f.same = append(f.same, line)
		case strings.HasPrefix(line, "m="):
			fields := strings.Fields(line)
			bears = f.media == "" && len(fields) > 1 && fields[1] != "0"
			if bears {
				f.media = line
			}
		case name == "a=ice-ufrag" && f.ufrag == "":
			f.ufrag = value
		case name == "a=ice-pwd" && f.pwd == "":
			f.pwd = value
		case !bears:
		case name == "a=mid":
			f.mid = value
		case name == "a=candidate":
			f.candidates = append(f.candidates, candidate{strings.TrimPrefix(line, "a="), f.mid})
		case name == "a=end-of-candidates":
			f.complete = true
		}
	}
	return f
}

// text is the fragment as it is sent.
func (f fragment) text() string {
	lines := append(slices.Clone(f.same), f.media, "a=mid:"+f.mid, "a=ice-ufrag:"+f.ufrag, "a=ice-pwd:"+f.pwd)
	for _, c := range f.candidates {
		lines = append(lines, "a="+c.text)
	}
	if f.complete {
		lines = append(lines, "a=end-of-candidates")
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}
