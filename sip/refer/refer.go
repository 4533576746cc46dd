// Package refer reads and writes what transfers say: Refer-To and Refer-Sub (RFC 3515,
// RFC 4488), Replaces (RFC 3891), Target-Dialog (RFC 4538), and the fragments of responses
// that tell a transferer how far it is (RFC 3420).
//
// It is pure: it starts no goroutine and knows no dialog.
package refer

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Request is what a REFER asks for.
type Request struct {
	// To is whom the party is to call, without the headers that its URI had.
	To message.URI
	// Replaces is the dialog that the call is to replace, nil for a blind transfer.
	Replaces *Replaces
	// By is the value of Referred-By (RFC 3892), empty for none.
	By string
	// Silent says that no progress is wanted (Refer-Sub: false).
	Silent bool
	// Dialog is the Target-Dialog of a REFER outside of one, nil for none.
	Dialog *Replaces
}

const (
	maxReferTo    = 1024 // bytes
	maxReferredBy = 256
)

// Parse reads a REFER. Of the headers in its Refer-To, Replaces counts; others are not
// carried into the new call. The error is of kind fault.Malformed, or fault.Unsupported for a
// method other than INVITE.
func Parse(req *message.Request) (Request, error) {
	all := req.Headers("Refer-To")
	if len(all) != 1 {
		return Request{}, fault.New(fault.Malformed, "%d Refer-To, want one", len(all))
	}
	r, err := ParseTarget(all[0])
	if err != nil {
		return Request{}, err
	}
	if by := req.Headers("Referred-By"); len(by) == 1 && len(by[0]) <= maxReferredBy {
		if a, err := message.ParseAddress(by[0]); err == nil && message.CheckHeader("Referred-By", by[0]) == nil {
			r.By = a.String()
		}
	}
	r.Silent = strings.EqualFold(strings.TrimSpace(req.Header("Refer-Sub")), "false")
	if target := req.Headers("Target-Dialog"); len(target) == 1 {
		d, err := parseTargetDialog(target[0])
		if err != nil {
			return Request{}, err
		}
		r.Dialog = &d
	}
	return r, nil
}

// ParseTarget reads the value of one Refer-To.
func ParseTarget(value string) (Request, error) {
	if len(value) > maxReferTo {
		return Request{}, fault.New(fault.Malformed, "Refer-To of %d bytes, at most %d", len(value), maxReferTo)
	}
	a, err := message.ParseAddress(value)
	if err != nil {
		return Request{}, fault.New(fault.Malformed, "Refer-To: %w", err)
	}
	if a.Wildcard {
		return Request{}, fault.New(fault.Malformed, "Refer-To is no address")
	}
	if method, ok := a.URI.Params.Get("method"); ok && !strings.EqualFold(method, "INVITE") {
		return Request{}, fault.New(fault.Unsupported, "Refer-To with method %s", method)
	}
	r := Request{To: a.URI}
	r.To.Headers = nil
	r.To.Params = r.To.Params.Without("method")
	for _, h := range a.URI.Headers {
		if !strings.EqualFold(h.Name, "Replaces") {
			continue
		}
		if r.Replaces != nil {
			return Request{}, fault.New(fault.Malformed, "Refer-To with more than one Replaces")
		}
		replaces, err := ParseReplaces(h.Value)
		if err != nil {
			return Request{}, err
		}
		r.Replaces = &replaces
	}
	return r, nil
}

// parseTargetDialog reads a Target-Dialog, whose tags are the sender's view (RFC 4538 §7):
// its local tag is our remote one.
func parseTargetDialog(s string) (Replaces, error) {
	s = strings.Replace(strings.Replace(s, "local-tag", "from-tag", 1), "remote-tag", "to-tag", 1)
	return ParseReplaces(s)
}

// Target is a Refer-To that names a URI and, where that is given, the dialog to replace.
func Target(to message.URI, replaces *Replaces) string {
	to.Headers = nil
	if replaces != nil {
		to.Headers = message.Params{{Name: "Replaces", Value: replaces.String()}}
	}
	return message.Address{URI: to}.String()
}

// FragmentType is the media type of a fragment.
const FragmentType = "message/sipfrag;version=2.0"

// Fragment is a NOTIFY's body for a status.
func Fragment(status int) []byte {
	return fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", status, message.ReasonPhrase(status))
}

// Status is what a NOTIFY's body tells. It fails with fault.Malformed.
func Status(body []byte) (int, error) {
	line, _, _ := bytes.Cut(body, []byte("\n"))
	fields := strings.Fields(string(line))
	if len(fields) >= 2 && fields[0] == "SIP/2.0" && len(fields[1]) == 3 {
		if n, err := strconv.Atoi(fields[1]); err == nil && n >= 100 && n < 700 {
			return n, nil
		}
	}
	return 0, fault.New(fault.Malformed, "a fragment without a status line")
}

// IsFragment reports whether a media type, as Content-Type has it without parameters, is
// that of a fragment.
func IsFragment(mediaType string) bool { return strings.EqualFold(mediaType, "message/sipfrag") }

// State is the Subscription-State of a NOTIFY with a status.
func State(status int) string {
	if status >= 200 {
		return "terminated;reason=noresource"
	}
	return "active;expires=180"
}
