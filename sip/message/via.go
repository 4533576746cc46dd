package message

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Via is one Via value (RFC 3261 §20.42).
type Via struct {
	Version   string // "2.0", or what a wrong peer writes
	Transport string // as written: "UDP", "TLS", ...
	Host      string
	Port      int // 0 for none
	Params    Params
}

// BranchCookie begins the branch of every transaction since RFC 3261 (§8.1.1.7).
const BranchCookie = "z9hG4bK"

// ParseVia parses one value; with an error what could be read is there. White
// space may stand around the slashes and the colon (RFC 3261 §25.1, SLASH, COLON).
func ParseVia(s string) (Via, error) {
	name, s, _ := strings.Cut(s, "/")
	ver, s, ok := strings.Cut(s, "/")
	v := Via{Version: trimSpace(ver)}
	if !ok || !strings.EqualFold(trimSpace(name), "SIP") || !isToken(v.Version) {
		return Via{}, errors.New("via is not SIP")
	}
	s = trimLWS(s)
	n := tokenLen(s)
	if n == 0 || n == len(s) || s[n] != ' ' && s[n] != '\t' {
		return Via{}, errors.New("via without transport or sent-by")
	}
	v.Transport, s = s[:n], trimLWS(s[n:])
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	var err error
	if v.Host, v.Port, err = parseHostPort(tightColon(s[:end])); err != nil {
		return Via{}, err
	}
	if v.Params, err = parseHeaderParams(s[end:]); err == nil && v.Version != "2.0" {
		err = errors.New("via is not SIP/2.0")
	}
	return v, err // with an error the host is there: whoever refuses needs it
}

// tightColon takes the white space away that may stand around the colon of a
// sent-by.
func tightColon(s string) string {
	s = trimSpace(s)
	if strings.IndexByte(s, ' ') < 0 && strings.IndexByte(s, '\t') < 0 {
		return s
	}
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		return s
	}
	return trimSpace(s[:colon]) + ":" + trimSpace(s[colon+1:])
}

// Branch is the branch parameter, or "".
func (v Via) Branch() string { return v.Params.Value("branch") }

// Modern reports whether the branch makes the transaction id on its own
// (RFC 3261 §17.2.3).
func (v Via) Modern() bool {
	b := v.Branch()
	return len(b) > len(BranchCookie) && strings.HasPrefix(b, BranchCookie)
}

// AppendSentBy appends SentBy.
func (v *Via) AppendSentBy(b []byte) []byte {
	return appendHostPort(b, strings.ToLower(v.Host), v.Port)
}

// SentBy is the host in lower case, with the port if there is one.
func (v Via) SentBy() string { return string(v.AppendSentBy(nil)) }

// String prints the value as it goes on the wire.
func (v Via) String() string {
	b := make([]byte, 0, 192)
	b = append(b, "SIP/"...)
	b = append(b, v.Version...)
	b = append(b, '/')
	b = append(b, v.Transport...)
	b = append(b, ' ')
	b = appendHostPort(b, v.Host, v.Port)
	return string(appendHeaderParams(b, v.Params))
}

// receivedVia is a request's top Via line as its response repeats it: with where
// the request really came from (RFC 3261 §18.2.1, RFC 3581 §4). v is its first
// value, parsed; a line without a sound one stays as it is.
func receivedVia(line string, v Via, from netip.AddrPort) string {
	if v.Host == "" {
		return line
	}
	rest := ""
	if strings.IndexByte(line, ',') >= 0 {
		if parts, err := splitList(line); err == nil && len(parts) > 1 {
			rest = ", " + trimSpace(strings.Join(parts[1:], ","))
		}
	}
	ip := from.Addr().String()
	symmetric := v.Params.Has("rport")
	if symmetric {
		v.Params = v.Params.with("received", ip, "rport", strconv.Itoa(int(from.Port())))
	} else if v.Host != ip {
		v.Params = v.Params.With("received", ip)
	}
	return v.String() + rest
}
