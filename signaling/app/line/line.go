// Package line has the dialplan functions that tell whom a channel talks to and how its
// call was sent on: CONNECTEDLINE and REDIRECTING. No goroutine.
package line

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Functions is this package's share of the table of functions.
func Functions() []dialplan.Function {
	return []dialplan.Function{
		{Name: "CONNECTEDLINE", Synopsis: "Whom the channel talks to: num, name, all, pres", Read: readConnected, Write: writeConnected},
		{Name: "REDIRECTING", Synopsis: "How the call was sent on: from-num, to-num, orig-num, reason, count", Read: readRedirecting, Write: writeRedirecting},
	}
}

func channel(c *dialplan.Call) (*signaling.Channel, error) {
	if ch, ok := app.ChannelOf(c); ok {
		return ch, nil
	}
	return nil, fault.New(fault.Unsupported, "there is no channel")
}

// item is a function's first argument in lower case; i, which says not to tell the party
// yet, is taken and means nothing here: what is set is told at once.
func item(args string) string {
	name, _, _ := strings.Cut(args, ",")
	return strings.ToLower(strings.TrimSpace(name))
}

func readConnected(c *dialplan.Call, args string) (string, error) {
	ch, err := channel(c)
	if err != nil {
		return "", err
	}
	return readID(ch.Snapshot().Connected, "CONNECTEDLINE", item(args))
}

func writeConnected(c *dialplan.Call, args, value string) error {
	ch, err := channel(c)
	if err != nil {
		return err
	}
	id, err := writeID(ch.Snapshot().Connected, "CONNECTEDLINE", item(args), value)
	if err == nil {
		ch.SetConnected(id)
	}
	return err
}

// readID reads one field of an id.
func readID(id party.ID, function, field string) (string, error) {
	switch field {
	case "num", "number":
		return id.Number, nil
	case "name":
		return id.Name, nil
	case "all":
		return dialplan.CallerID(id).String(), nil
	case "tag":
		return id.Tag, nil
	case "pres":
		return id.Presentation().String(), nil
	case "num-pres":
		return id.NumberPres.String(), nil
	case "name-pres":
		return id.NamePres.String(), nil
	case "num-valid":
		return bit(id.Number != ""), nil
	case "name-valid":
		return bit(id.Name != ""), nil
	}
	return "", fault.New(fault.NotFound, "%s has no %q", function, field)
}

// writeID is an id with one field changed.
func writeID(id party.ID, function, field, value string) (party.ID, error) {
	switch field {
	case "num", "number":
		id.Number = value
		return id, nil
	case "name":
		id.Name = value
		return id, nil
	case "all", "":
		parsed := dialplan.ParseCallerID(value)
		id.Name, id.Number = parsed.Name, parsed.Number
		return id, nil
	case "tag":
		id.Tag = value
		return id, nil
	case "pres", "num-pres", "name-pres":
		p, err := party.ParsePresentation(value)
		if err != nil {
			return id, err
		}
		if field != "num-pres" {
			id.NamePres = p
		}
		if field != "name-pres" {
			id.NumberPres = p
		}
		return id, nil
	}
	return id, fault.New(fault.Unsupported, "%s(%s) cannot be set", function, field)
}

func readRedirecting(c *dialplan.Call, args string) (string, error) {
	ch, err := channel(c)
	if err != nil {
		return "", err
	}
	way := ch.Snapshot().Redirecting
	field := item(args)
	switch field {
	case "count":
		return strconv.Itoa(way.Count()), nil
	case "reason":
		return way.Reason().String(), nil
	case "orig-reason":
		return way.OrigReason().String(), nil
	}
	whose, field, _ := strings.Cut(field, "-")
	switch whose {
	case "from":
		return readID(way.From(), "REDIRECTING", field)
	case "orig":
		return readID(way.Orig(), "REDIRECTING", field)
	case "to":
		return readID(way.Target(), "REDIRECTING", field)
	}
	return "", fault.New(fault.NotFound, "REDIRECTING has no %q", args)
}

func writeRedirecting(c *dialplan.Call, args, value string) error {
	ch, err := channel(c)
	if err != nil {
		return err
	}
	way, err := redirected(ch.Snapshot().Redirecting, item(args), strings.TrimSpace(value))
	if err == nil {
		ch.SetRedirecting(way)
	}
	return err
}

// redirected is a call's way with one field changed.
func redirected(way *party.Redirecting, field, value string) (*party.Redirecting, error) {
	switch field {
	case "count":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > 255 {
			return nil, fault.New(fault.Invalid, "REDIRECTING(count): %.20q is no number from 0 to 255", value)
		}
		return way.WithCount(n), nil
	case "reason", "orig-reason":
		why, err := party.ParseReason(value)
		if err != nil {
			return nil, err
		}
		set := func(h *party.Hop) { h.Reason = why }
		if field == "reason" {
			return way.With(set), nil
		}
		return way.WithOrig(set), nil
	}
	whose, field, ok := strings.Cut(field, "-")
	if !ok {
		return nil, fault.New(fault.Unsupported, "REDIRECTING(%s) cannot be set", whose)
	}
	var before party.ID
	switch whose {
	case "from":
		before = way.From()
	case "orig":
		before = way.Orig()
	case "to":
		before = way.Target()
	default:
		return nil, fault.New(fault.NotFound, "REDIRECTING has no %q", whose)
	}
	id, err := writeID(before, "REDIRECTING", field, value)
	if err != nil {
		return nil, err
	}
	set := func(h *party.Hop) { h.By = id }
	switch whose {
	case "from":
		return way.With(set), nil
	case "orig":
		return way.WithOrig(set), nil
	}
	return way.WithTo(id), nil
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
