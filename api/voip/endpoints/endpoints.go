// Package endpoints reads who is to be called, and what else a request for a call says.
//
// It starts no goroutine.
package endpoints

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// The technologies of browsers, and of the phone that belongs to a user.
const (
	BrowserTech = "WebRTC"
	PhoneTech   = "PJSIP"
)

const maxMetadata = 16 << 10 // bytes of JSON

func parse(names []string) ([]dialstring.Target, error) {
	targets := make([]dialstring.Target, len(names))
	for i, name := range names {
		t, err := dialstring.Parse(name)
		if err == nil && slices.ContainsFunc(targets[:i], func(o dialstring.Target) bool { return Same(o, t) }) {
			err = fault.New(fault.Invalid, "%s is named twice", t)
		}
		if err != nil {
			return nil, InParticipant(i, err)
		}
		targets[i] = t
	}
	return targets, nil
}

// InParticipant is an error about one of the endpoints of a request.
func InParticipant(i int, err error) error {
	return rest.InField(fmt.Sprintf("body.participants[%d]", i), err)
}

// Same reports whether two endpoints are one.
func Same(a, b dialstring.Target) bool {
	return strings.EqualFold(a.Tech, b.Tech) && a.Resource == b.Resource
}

// IsBrowser reports whether an endpoint is a user in a browser.
func IsBrowser(t dialstring.Target) bool { return strings.EqualFold(t.Tech, BrowserTech) }

// CheckMetadata fails with fault.TooLarge for more than 16 KiB.
func CheckMetadata(m map[string]any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return rest.InField("body.metadata", fault.New(fault.Invalid, "metadata: %w", err))
	}
	if len(text) > maxMetadata {
		return rest.InField("body.metadata", fault.New(fault.TooLarge, "metadata of %d bytes, at most %d", len(text), maxMetadata))
	}
	return nil
}

// IsPhone reports whether an endpoint is the SIP phone of an extension.
func IsPhone(endpoint, extension string) bool {
	number, ok := PhoneNumber(endpoint)
	return ok && extension != "" && number == extension
}

// PhoneNumber is the extension of an endpoint that is a phone; ok tells whether it is one.
func PhoneNumber(endpoint string) (number string, ok bool) {
	tech, number, _ := strings.Cut(endpoint, "/")
	return number, strings.EqualFold(tech, "SIP") || strings.EqualFold(tech, PhoneTech)
}

// Phones are the names that the SIP phone of an extension may have; none where there is none.
func Phones(extension string) []string {
	if extension == "" {
		return nil
	}
	return []string{PhoneTech + "/" + extension, "SIP/" + extension}
}

// SIPStatusOf is the SIP status of a call that failed with a cause, 0 for one that
// was given up (RFC 3398 §7.2.4.1).
func SIPStatusOf(cause signaling.Cause) int {
	switch cause {
	case signaling.CauseNormal, signaling.CauseAnsweredElse:
		return 0
	case signaling.CauseBusy:
		return 486
	case signaling.CauseNoAnswer, signaling.CauseAbsent, signaling.CauseNoUserResponse:
		return 480
	case signaling.CauseRejected:
		return 603
	case signaling.CauseUnallocated:
		return 404
	case signaling.CauseInvalidNumber:
		return 484
	case signaling.CauseNoCodec:
		return 488
	case signaling.CauseCongestion:
		return 503
	default:
		return 500
	}
}

// CallerID is what the called party sees: as wished, else the user.
func CallerID(wish string, p auth.Principal) (signaling.CallerID, error) {
	for _, r := range wish {
		if r < ' ' || r == 0x7f {
			return signaling.CallerID{}, rest.InField("body.caller_id", fault.New(fault.Invalid, "caller_id contains a control character"))
		}
	}
	id := signaling.CallerID{Name: p.User, Number: p.Extension}
	if wish != "" {
		id.Name = wish
	}
	if id.Number == "" {
		id.Number = p.User
	}
	return id, nil
}
