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

// elsewhere looks at where each Contact leads to: its host, and its maddr, which goes before it.
func elsewhere(list *acl.ACL, req *message.Request) bool {
	if list.Empty() {
		return false
	}
	contacts, err := req.Contacts()
	if err != nil {
		return true
	}
	source := req.Source().Remote.Addr()
	for i := range contacts {
		if contacts[i].Wildcard {
			continue
		}
		u := &contacts[i].URI
		if !permitsHost(list, u.Host, source) {
			return true
		}
		if m := u.Params.Value("maddr"); m != "" && !permitsHost(list, m, source) {
			return true
		}
	}
	return false
}

// permitsHost looks no name up: who comes with one is permitted nowhere, but a browser, which
// knows no address of its own and writes a name that never leads anywhere (RFC 7118 §5). Where
// it comes from is where it is.
func permitsHost(list *acl.ACL, host string, source netip.Addr) bool {
	if strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), ".invalid") {
		return list.Permits(source)
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && list.Permits(addr)
}
