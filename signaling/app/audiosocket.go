package app

import (
	"context"
	"net"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling/audiosocket"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// audioSocket is AudioSocket(uuid,host:port): what the caller says goes to a TCP server, which
// says what the caller hears, until the server hangs up and the plan goes on. A server that is
// not there, or goes away without hanging up, ends the call, as a failed application does. A
// caller who is not answered yet is, which Asterisk leaves to the plan.
func (s *Services) audioSocket(ctx context.Context, c *dialplan.Call, args string) error {
	id, address, err := parseAudioSocket(args)
	if err != nil {
		return err
	}
	ch := channelOf(c)
	if !c.Strict() {
		if err := ch.Answer(ctx); err != nil {
			return err
		}
	}
	session, err := audiosocket.Dial(ctx, audiosocket.Default(), address, id)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { // owned by the application, which waits for it
		defer guard.Recover(c.Log(), "an audio socket", func() { done <- fault.New(fault.Internal, "the session broke") })
		done <- session.Run(ctx, ch)
	}()
	for {
		select {
		case d := <-ch.Digits():
			if err := session.SendDigit(d); err != nil {
				c.Log().Warn("AudioSocket: a digit is not told", "err", err)
			}
		case err := <-done:
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
	}
}

// parseAudioSocket reads the arguments. The error is of kind fault.Invalid.
func parseAudioSocket(args string) (id uuid.UUID, address string, err error) {
	parts := argument.Split(args, 2)
	text := strings.TrimSpace(argument.At(parts, 0))
	if id, err = uuid.Parse(text); err != nil || len(text) != 36 {
		return id, "", fault.New(fault.Invalid, "%q is no UUID", text)
	}
	address = strings.TrimSpace(argument.At(parts, 1))
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return id, "", fault.New(fault.Invalid, "%q is no host:port", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); host == "" || err != nil || n == 0 {
		return id, "", fault.New(fault.Invalid, "%q is no host:port", address)
	}
	return id, address, nil
}

// judgeAudioSocket warns of arguments that are wrong in any call.
func judgeAudioSocket(args string) (found []asterisk.Warning) {
	if strings.Contains(args, "$") {
		return nil
	}
	if _, _, err := parseAudioSocket(args); err != nil {
		found = append(found, asterisk.Warning{Text: "AudioSocket: " + err.Error(), Here: "the call ends"})
	}
	return found
}
