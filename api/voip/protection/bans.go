// Package protection is the REST API's view of what guards SIP: who is banned, the end of
// a ban, and how much of new work is refused.
//
// It starts no goroutine.
package protection

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/ban"
)

// Bans are who is not listened to.
type Bans interface {
	// Bans lists those that stand, the newest first.
	Bans() []ban.Ban
	// Unban ends the ban of whoever an address is; by is for the log. The error is
	// fault.NotFound when it is not banned.
	Unban(ctx context.Context, source netip.Addr, by string) error
}

// BanBody is a ban.
type BanBody struct {
	Address string    `json:"address" doc:"What DELETE takes"`
	Network string    `json:"network" doc:"An IPv4 address, or the /64 of an IPv6 one"`
	Reason  string    `json:"reason"`
	Times   int       `json:"times" doc:"Which ban of the network this is; each is longer than the one before"`
	Since   time.Time `json:"since"`
	Expires time.Time `json:"expires"`
}

// Config is what is shown.
type Config struct {
	Bans     Bans
	Overload Overload
}

type routes struct {
	bans     Bans
	overload Overload
}

// Register adds the operations.
func Register(api huma.API, c Config, fail rest.Errors) {
	r := routes{bans: c.Bans, overload: c.Overload}
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/overload", "get-overload", "Show how much of new work is refused, and why", 0), r.showOverload)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/bans", "list-bans", "List who is banned from SIP; admins and auditors only", 0), r.list)
	rest.Handle(api, fail, rest.Operation(http.MethodDelete, "/bans/{address}", "delete-ban", "End a ban; admins only", http.StatusNoContent), r.lift)
}

func (r routes) list(_ context.Context, _ auth.Principal, in *rest.Page) (*rest.List[BanBody], error) {
	var all []BanBody
	for _, b := range r.bans.Bans() {
		all = append(all, BanBody{
			Address: b.Network.Addr().String(), Network: b.Network.String(), Reason: b.Reason, Times: b.Times,
			Since: b.Since.UTC(), Expires: b.Expires.UTC(),
		})
	}
	return rest.CutNamed(all, *in, func(b BanBody) string { return b.Network })
}

func (r routes) lift(ctx context.Context, p auth.Principal, in *struct {
	Address string `path:"address" doc:"An IPv4 or IPv6 address"`
},
) (*struct{}, error) {
	a, err := netip.ParseAddr(in.Address)
	if err != nil {
		return nil, fault.New(fault.NotFound, "%q is no address", in.Address)
	}
	return nil, r.bans.Unban(ctx, a, p.User)
}
