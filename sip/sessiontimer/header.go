package sessiontimer

import (
	"strconv"
	"strings"
	"time"
)

// Tag is the option tag of the extension.
const Tag = "timer"

// Headers is what is read of a message.
type Headers interface {
	Header(name string) string
	Tokens(name string) []string
}

// expires is a Session-Expires header (RFC 4028 §4).
type expires struct {
	interval  time.Duration
	refresher Refresher
}

// parseExpires reads "1800;refresher=uas". Parameters that are not known do not count.
func parseExpires(value string) (e expires, ok bool) {
	number, params, _ := strings.Cut(value, ";")
	if e.interval, ok = seconds(number); !ok {
		return expires{}, false
	}
	for param := range strings.SplitSeq(params, ";") {
		name, v, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "refresher") {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "uac":
			e.refresher = UAC
		case "uas":
			e.refresher = UAS
		}
	}
	return e, true
}

// String is the header's value.
func (e expires) String() string {
	s := format(e.interval)
	if e.refresher != Unsaid {
		s += ";refresher=" + e.refresher.String()
	}
	return s
}

// minOf is the Min-SE of a message, 0 for none.
func minOf(m Headers) time.Duration {
	number, _, _ := strings.Cut(m.Header("Min-SE"), ";")
	d, _ := seconds(number)
	return d
}

// seconds reads delta-seconds, which have at most 32 bits (RFC 3261 §20).
func seconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	return time.Duration(n) * time.Second, err == nil && n > 0
}

// format writes delta-seconds, of which a part is one more.
func format(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// has reports whether a header of option tags or methods names one.
func has(m Headers, header, word string) bool {
	for _, t := range m.Tokens(header) {
		if strings.EqualFold(t, word) {
			return true
		}
	}
	return false
}
