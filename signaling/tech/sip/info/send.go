package info

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const (
	// MaxDigits is how many can be sent at once.
	MaxDigits  = 128
	pauseDigit = 'w'
	pause      = 500 * time.Millisecond
	// Timeout bounds one INFO: a digit that comes later is none.
	Timeout = 5 * time.Second
)

// Check reports what cannot be sent: of kind fault.TooMany or fault.Invalid.
func Check(digits string) error {
	notDigit := func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCD", r) && r != pauseDigit }
	switch {
	case len(digits) > MaxDigits:
		return fault.New(fault.TooMany, "%d digits, at most %d", len(digits), MaxDigits)
	case digits == "" || strings.ContainsFunc(digits, notDigit):
		return fault.New(fault.Invalid, "%q is not made of digits", digits)
	}
	return nil
}

// Sender sends digits to one party.
type Sender struct {
	// Post runs a function on the leg's actor, where Over and Send are called too: whether the
	// call is over, and one INFO.
	Post func(func()) bool
	Over func() bool
	Send func(c ua.Content) error
	Log  *slog.Logger
}

// Digits sends the first of the digits, and the rest when it is time; sent is called when all
// are out, or will not be any more. Between them the actor does other work.
func (s Sender) Digits(digits string, length, gap time.Duration, sent func()) {
	if digits == "" || s.Over() {
		sent()
		return
	}
	wait := length + gap
	if digits[0] == pauseDigit {
		wait = pause
	} else if err := s.digit(digits[0], length); err != nil {
		s.Log.Info("digits not sent", "err", err)
		sent()
		return
	}
	time.AfterFunc(wait, func() {
		s.Post(func() { s.Digits(digits[1:], length, gap, sent) })
	})
}

func (s Sender) digit(digit byte, length time.Duration) error {
	body := fmt.Sprintf("Signal=%c\r\nDuration=%d\r\n", digit, length.Milliseconds())
	return s.Send(ua.Content{Type: "application/dtmf-relay", Body: []byte(body)})
}

// Take hands on the digit of an INFO, and gives the status of its answer.
func Take(req *message.Request, digit func(digit byte, length time.Duration)) int {
	key, length, ok := Digit(req.ContentType(), req.Body())
	switch {
	case ok:
		digit(key, length)
		return 200
	case len(req.Body()) == 0:
		return 200 // a keep-alive
	default:
		return 415
	}
}
