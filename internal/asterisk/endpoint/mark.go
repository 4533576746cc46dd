package endpoint

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Mark is something in requests that an endpoint is told by: a header, or the
// Request-URI (match_header, match_request_uri).
type Mark struct {
	Header string         // its name; empty for the Request-URI
	Text   string         // what it must be, to the letter
	Expr   *regexp.Regexp // or what must be found in it
	// Networks are from where requests with the mark are taken; none is anywhere.
	Networks []netip.Prefix
}

// ParseHeaderMark reads match_header, "Name: value" or "Name: /expression/".
func ParseHeaderMark(v string) (Mark, error) {
	name, value, ok := strings.Cut(v, ":")
	name = strings.TrimSpace(name)
	if !ok || !isToken(name) {
		return Mark{}, errors.New("it is not Header: value")
	}
	m, err := parseMark(strings.TrimSpace(value))
	m.Header = name
	return m, err
}

// ParseURIMark reads match_request_uri, a URI or "/expression/".
func ParseURIMark(v string) (Mark, error) { return parseMark(strings.TrimSpace(v)) }

const maxExpression = 256

func parseMark(v string) (Mark, error) {
	if v == "" {
		return Mark{}, errors.New("there is nothing to match")
	}
	if len(v) < 2 || v[0] != '/' || v[len(v)-1] != '/' {
		return Mark{Text: v}, nil
	}
	v = v[1 : len(v)-1]
	if v == "" || len(v) > maxExpression {
		return Mark{}, fmt.Errorf("an expression of %d characters, 1 to %d are possible", len(v), maxExpression)
	}
	expr, err := regexp.Compile(v)
	if err != nil {
		return Mark{}, fmt.Errorf("expression: %w", err)
	}
	return Mark{Expr: expr}, nil
}

// String is the mark as `pjsip show identifies` prints it.
func (m *Mark) String() string {
	text := m.Text
	if m.Expr != nil {
		text = "/" + m.Expr.String() + "/"
	}
	if m.Header == "" {
		return text
	}
	return m.Header + ": " + text
}

// Fits tells whether a request has the mark: its source, and the values of the header,
// or the Request-URI.
func (m *Mark) Fits(source netip.Addr, values []string) bool {
	if len(m.Networks) > 0 && !slices.ContainsFunc(m.Networks, func(n netip.Prefix) bool { return n.Contains(source) }) {
		return false
	}
	return slices.ContainsFunc(values, func(v string) bool {
		if m.Expr != nil {
			return m.Expr.MatchString(v)
		}
		return m.Text != "" && v == m.Text
	})
}

// isToken tells whether text can be a header's name (RFC 3261 §25.1).
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("-.!%*_+`'~", r)
	})
}
