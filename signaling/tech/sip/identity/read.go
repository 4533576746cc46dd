package identity

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const (
	anonymousHost = "anonymous.invalid" // RFC 3323 §4.1
	anonymousUser = "anonymous"
	anonymousName = "Anonymous"
)

// Caller is who calls with a request: whom an endpoint that is trusted with it asserts,
// else the endpoint's own identity where it has one, else what it says of itself. A phone
// with a number cannot choose another one, but anybody may ask to stay private.
func (r *Rules) Caller(m *message.Parsed) party.ID {
	if r.TrustInbound {
		if id, ok := asserted(m); ok {
			id.Tag = r.Self.Tag
			return id
		}
	}
	from := m.From()
	id, hidden := idOf(from), isAnonymous(from) || asksForPrivacy(m)
	if isAnonymous(from) {
		if preferred, ok := first(m, "P-Preferred-Identity"); ok {
			id = preferred
		}
	}
	if r.Self.Number != "" {
		id.Number, id.NumberPres = r.Self.Number, r.Self.NumberPres
	}
	if r.Self.Name != "" {
		id.Name, id.NamePres = r.Self.Name, r.Self.NamePres
	}
	id.Tag = r.Self.Tag
	if hidden {
		id.NamePres, id.NumberPres = id.NamePres.Hidden(), id.NumberPres.Hidden()
	}
	return id
}

// Connected is whom an endpoint that is trusted with it says is connected there.
func (r *Rules) Connected(m *message.Parsed) (party.ID, bool) {
	if !r.TrustInbound || !r.TrustConnected {
		return party.ID{}, false
	}
	id, ok := asserted(m)
	return id, ok
}

// asserted is the identity by P-Asserted-Identity, or by Remote-Party-ID, which came
// before it. The first that has a number counts.
func asserted(m *message.Parsed) (party.ID, bool) {
	if id, ok := first(m, "P-Asserted-Identity"); ok {
		if asksForPrivacy(m) {
			id = id.Present(party.Private)
		}
		return id, true
	}
	return remoteParty(m)
}

// first is the first address of a header that names anybody. A tel URI says no name; that
// of the sip URI beside it is theirs (RFC 3325 §9.1).
func first(m *message.Parsed, name string) (party.ID, bool) {
	found := party.ID{}
	for _, a := range addresses(m, name) {
		id := idOf(a)
		if found.Number == "" {
			found.Number = id.Number
		}
		if found.Name == "" {
			found.Name = id.Name
		}
	}
	return found, found.Number != ""
}

// remoteParty is the identity by Remote-Party-ID, with what it says of privacy.
func remoteParty(m *message.Parsed) (party.ID, bool) {
	for _, a := range addresses(m, "Remote-Party-ID") {
		id := idOf(a)
		if id.Number == "" {
			continue
		}
		pres := party.Allowed
		if strings.EqualFold(a.Params.Value("screen"), "yes") {
			pres = party.AllowedPassed
		}
		id = id.Present(pres)
		switch strings.ToLower(a.Params.Value("privacy")) {
		case "full":
			id = id.Present(pres.Hidden())
		case "name":
			id.NamePres = pres.Hidden()
		case "uri":
			id.NumberPres = pres.Hidden()
		}
		if asksForPrivacy(m) {
			id = id.Present(pres.Hidden())
		}
		return id, true
	}
	return party.ID{}, false
}

// addresses are the values of a header that can be read, the first few.
func addresses(m *message.Parsed, name string) (out []message.Address) {
	for _, line := range m.Headers(name) {
		list, err := message.ParseAddressList(line)
		if err != nil {
			continue // what a peer wrote badly says nothing
		}
		for _, a := range list {
			if len(out) == maxList {
				return out
			}
			if !a.Wildcard {
				out = append(out, a)
			}
		}
	}
	return out
}

// asksForPrivacy reports whether the one who calls wants not to be shown (RFC 3323 §4.2,
// RFC 3325 §9.3).
func asksForPrivacy(m *message.Parsed) bool {
	wishes := privacy(m)
	return slices.Contains(wishes, "id") || slices.Contains(wishes, "user")
}

// privacy is what the Privacy header asks for, in lower case. "none" takes back the rest.
func privacy(m *message.Parsed) (wishes []string) {
	for _, line := range m.Headers("Privacy") {
		for _, w := range strings.FieldsFunc(line, func(c rune) bool { return c == ';' || c == ',' }) {
			wishes = append(wishes, strings.ToLower(strings.TrimSpace(w)))
		}
	}
	if slices.Contains(wishes, "none") {
		return nil
	}
	return wishes
}

func isAnonymous(a message.Address) bool {
	return strings.EqualFold(a.URI.Host, anonymousHost) ||
		strings.EqualFold(a.URI.User, anonymousUser) && (a.Display == "" || strings.EqualFold(a.Display, anonymousName))
}

// idOf is the party that an address names.
func idOf(a message.Address) party.ID {
	return party.ID{Name: Clean(a.Display), Number: Clean(Telephone(a.URI, a.URI.User))}
}

// Telephone is the user of a URI that says that it is a telephone number, without what only
// makes that easier to read (RFC 3966 §5.1.1); of others, and of what is none, the user.
func Telephone(u message.URI, user string) string {
	if u.Scheme != "tel" && !strings.EqualFold(u.Params.Value("user"), "phone") {
		return user
	}
	written, _, _ := strings.Cut(user, ";")
	number := separators.Replace(written)
	if digits := strings.TrimPrefix(number, "+"); digits == "" || strings.Trim(digits, "0123456789*#ABCDabcd") != "" {
		return user // it is no number, whatever is said of it
	}
	return number + user[len(written):]
}

var separators = strings.NewReplacer("-", "", ".", "", "(", "", ")", "")
