package sip

import (
	"errors"
	"strconv"
	"strings"
)

// via is one Via value (RFC 3261 §20.42).
type via struct {
	version   string // "2.0", or what a wrong peer writes
	transport string // as written: "UDP", "TLS", ...
	host      string
	port      int // 0 for none
	params    Params
}

const branchCookie = "z9hG4bK"

// parseVia parses one value; white space may stand around the slashes and the
// colon (RFC 3261 §25.1, SLASH, COLON).
func parseVia(s string) (via, error) {
	name, s, _ := strings.Cut(s, "/")
	ver, s, ok := strings.Cut(s, "/")
	v := via{version: trimSpace(ver)}
	if !ok || !strings.EqualFold(trimSpace(name), "SIP") || !isToken(v.version) {
		return via{}, errors.New("via is not SIP")
	}
	s = trimLWS(s)
	n := tokenLen(s)
	if n == 0 || n == len(s) || s[n] != ' ' && s[n] != '\t' {
		return via{}, errors.New("via without transport or sent-by")
	}
	v.transport, s = s[:n], trimLWS(s[n:])
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	var err error
	if v.host, v.port, err = parseHostPort(tightColon(s[:end])); err != nil {
		return via{}, err
	}
	if v.params, err = parseHeaderParams(s[end:]); err == nil && v.version != "2.0" {
		err = errors.New("via is not SIP/2.0")
	}
	return v, err // with an error the host is there: whoever refuses needs it
}

// tightColon takes the white space away that may stand around the colon of a
// sent-by.
func tightColon(s string) string {
	s = trimSpace(s)
	if !strings.ContainsAny(s, " \t") {
		return s
	}
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		return s
	}
	return trimSpace(s[:colon]) + ":" + trimSpace(s[colon+1:])
}

func (v via) branch() string { return v.params.Value("branch") }

// modern reports whether the branch makes the transaction id on its own
// (RFC 3261 §17.2.3).
func (v via) modern() bool {
	b := v.branch()
	return len(b) > len(branchCookie) && strings.HasPrefix(b, branchCookie)
}

func (v via) sentBy() string { return string(appendHostPort(nil, strings.ToLower(v.host), v.port)) }

func (v via) String() string {
	b := make([]byte, 0, 96)
	b = append(b, "SIP/"...)
	b = append(b, v.version...)
	b = append(b, '/')
	b = append(b, v.transport...)
	b = append(b, ' ')
	b = appendHostPort(b, v.host, v.port)
	return string(appendHeaderParams(b, v.params))
}

// maxCSeq is the largest sequence number (RFC 3261 §8.1.1.5).
const maxCSeq = 1<<31 - 1

func parseCSeq(s string) (uint32, string, error) {
	s = trimSpace(s)
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return 0, "", errors.New("cseq without a method")
	}
	n, err := strconv.ParseUint(s[:i], 10, 32)
	if err != nil || n > maxCSeq {
		return 0, "", errors.New("cseq number out of range")
	}
	method := trimSpace(s[i:])
	if !isToken(method) {
		return 0, "", errors.New("bad method in cseq")
	}
	return uint32(n), method, nil
}
