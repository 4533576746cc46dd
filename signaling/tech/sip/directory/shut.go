package directory

import (
	"net/netip"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Shut reports whether a request comes from where none may, or says to.
func (d *Directory) Shut(req *message.Request) bool {
	return !d.ACL.Permits(req.Source().Remote.Addr()) || elsewhere(&d.ContactACL, req)
}

// Elsewhere reports whether a request says that its sender is where the endpoint may not be.
func (e *Endpoint) Elsewhere(req *message.Request) bool { return elsewhere(&e.ContactACL, req) }

// elsewhere looks at the host of each Contact. A name is not looked up: who comes with one is
// permitted nowhere, but a browser, which knows no address of its own and writes a name that
// never leads anywhere (RFC 7118 §5). Where it comes from is where it is.
func elsewhere(list *acl.ACL, req *message.Request) bool {
	if list.Empty() {
		return false
	}
	contacts, err := req.Contacts()
	if err != nil {
		return true
	}
	for i := range contacts {
		if contacts[i].Wildcard {
			continue
		}
		host := contacts[i].URI.Host
		addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil && strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), ".invalid") {
			addr, err = req.Source().Remote.Addr(), nil
		}
		if err != nil || !list.Permits(addr) {
			return true
		}
	}
	return false
}
