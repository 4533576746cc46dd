package metrics

import "github.com/skygenesisenterprise/skybridge/signaling"

// Endpoints is how many endpoints there are: all, those of them that are trunks, and the others
// that can be reached at a contact.
type Endpoints struct{ All, Trunks, Registered int }

// CountEndpoints counts endpoints.
func CountEndpoints(list []signaling.EndpointSnapshot) (n Endpoints) {
	n.All = len(list)
	for i := range list {
		switch {
		case list[i].Trunk:
			n.Trunks++
		case len(list[i].Contacts) > 0:
			n.Registered++
		}
	}
	return n
}

func endpointsOf(s Source) Part {
	return single([]row[Endpoints]{
		gauge("voip_endpoints", "Endpoints of the configuration and of the API, trunks too.", nil, always(func(n Endpoints) int { return n.All })),
		gauge("voip_endpoints_registered", "Endpoints that have a contact, trunks left aside.", nil, always(func(n Endpoints) int { return n.Registered })),
		gauge("voip_trunks", "Trunks.", nil, always(func(n Endpoints) int { return n.Trunks })),
	}, func() Endpoints { return CountEndpoints(s.Endpoints()) })
}
