package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Rules are what an endpoint is believed, and what it is told.
type Rules struct {
	// Self is the endpoint by its configuration (callerid, callerid_privacy,
	// callerid_tag); empty fields say nothing.
	Self party.ID
	// TrustInbound believes what the endpoint asserts of who calls through it
	// (trust_id_inbound); TrustOutbound tells it also what is private.
	TrustInbound  bool
	TrustOutbound bool
	// TrustConnected takes over what it says of who is connected there, if it is
	// trusted at all; SendConnected tells it who is connected here.
	TrustConnected bool
	SendConnected  bool
	// Quiet tells it no Q.850 cause (suppress_q850_reason_headers), Music is what others are
	// to hear while it holds them (moh_suggest).
	Quiet bool
	Music string
	// SendPAI and SendRPID choose the headers that tell who calls, beside From.
	SendPAI  bool
	SendRPID bool
	// SendDiversion and SendHistory choose those that tell how a call was sent on.
	SendDiversion bool
	SendHistory   bool
	// FromUser and FromDomain stand in From in place of the caller's.
	FromUser   string
	FromDomain string
	// UserEqPhone adds user=phone to URIs of numbers.
	UserEqPhone bool
}

// String is who it is and what it is believed and told, in pjsip.conf's words.
func (r Rules) String() string {
	words := []string{r.Self.String()}
	for _, f := range []struct {
		word string
		on   bool
	}{
		{r.Self.Presentation().String(), !r.Self.IsZero() && r.Self.Presentation() != party.Allowed},
		{"trust_id_inbound", r.TrustInbound}, {"trust_id_outbound", r.TrustOutbound},
		{"trust_connected_line", r.TrustConnected}, {"send_connected_line", r.SendConnected},
		{"send_pai", r.SendPAI}, {"send_rpid", r.SendRPID}, {"send_diversion", r.SendDiversion}, {"send_history_info", r.SendHistory},
		{"from_user=" + r.FromUser, r.FromUser != ""}, {"from_domain=" + r.FromDomain, r.FromDomain != ""}, {"user_eq_phone", r.UserEqPhone},
	} {
		if f.on {
			words = append(words, f.word)
		}
	}
	return strings.Join(words, " ")
}

const (
	maxText = 80 // bytes of a name or a number
	maxList = 32 // values of one header that are looked at
)

// Clean drops control characters and what is no UTF-8, and cuts what is too long.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// isNumber reports whether a user is a telephone number: digits, * and #, a plus before
// them.
func isNumber(user string) bool {
	user = strings.TrimPrefix(user, "+")
	return user != "" && strings.Trim(user, "0123456789*#") == ""
}
