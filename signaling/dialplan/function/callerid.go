package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// readCallerID is CALLERID(item[,other]): of the caller, or of the other text.
func readCallerID(c *dialplan.Call, args string) (string, error) {
	id := c.Channel().CallerID()
	item, other, given := strings.Cut(args, ",")
	if item = strings.ToLower(item); given {
		id = dialplan.ParseCallerID(other)
	}
	switch item {
	case "num", "number":
		return id.Number, nil
	case "name":
		return id.Name, nil
	case "all":
		return id.String(), nil
	case "num-valid", "name-valid":
		return bit(item == "num-valid" && id.Number != "" || item == "name-valid" && id.Name != ""), nil
	case "pres":
		return party.ID(id).Presentation().String(), nil
	case "num-pres":
		return id.NumberPres.String(), nil
	case "name-pres":
		return id.NamePres.String(), nil
	case "tag":
		return id.Tag, nil
	case "ani2":
		return "0", nil
	case "name-charset":
		return "utf8", nil
	case "ani", "ani-num", "ani-name", "ani-all", "dnid", "dnid-num-plan", "rdnis", "subaddr", "num-plan":
		return "", nil
	}
	return "", fault.New(fault.NotFound, "CALLERID has no %q", item)
}

func writeCallerID(c *dialplan.Call, args, value string) error {
	id := c.Channel().CallerID()
	switch strings.ToLower(args) {
	case "num", "number":
		id.Number = value
	case "name":
		id.Name = value
	case "all", "":
		parsed := dialplan.ParseCallerID(value)
		id.Name, id.Number = parsed.Name, parsed.Number
	case "tag":
		id.Tag = value
	case "pres", "num-pres", "name-pres":
		p, err := party.ParsePresentation(value)
		if err != nil {
			return err
		}
		if !strings.EqualFold(args, "num-pres") {
			id.NamePres = p
		}
		if !strings.EqualFold(args, "name-pres") {
			id.NumberPres = p
		}
	default:
		return fault.New(fault.Unsupported, "CALLERID(%s) cannot be set", args)
	}
	c.Channel().SetCallerID(id)
	return nil
}
