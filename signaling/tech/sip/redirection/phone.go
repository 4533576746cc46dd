package redirection

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Of is where a 3xx of an endpoint leads, as in Asterisk with redirect_method=user: the user
// part of the first contact that is an extension of the endpoint's own context, or of the one
// that the plan has set for what is forwarded, whatever host stands behind it. A phone so
// forwards to whom it may call itself, as reachable says. The error is of kind
// fault.Forbidden for one that leads nowhere, fault.Malformed and the like for one that
// cannot be read.
func Of(d *directory.Directory, endpoint string, resp *message.Response, asked *signaling.DialRequest,
	reachable func(context, exten string, caller signaling.CallerID) bool,
) (to signaling.Redirect, err error) {
	contacts, err := resp.Contacts()
	if err != nil {
		return to, err
	}
	from := d.Endpoint(endpoint)
	if from == nil || !from.Redirects() { // a reload took it away, or it is a trunk
		return to, fault.New(fault.Forbidden, "redirections of %s are not followed", endpoint)
	}
	to.Context = Context(asked.Variables, from.Context)
	to.Exten = Extension(contacts, from.Name, func(user string) (string, bool) {
		to.Phone = ""
		if e := d.Endpoint(user); e != nil && !e.Trunk() {
			user, to.Phone = e.Name, e.Name
		}
		return user, reachable(to.Context, user, asked.Caller)
	})
	if to.Exten == "" {
		return signaling.Redirect{}, fault.New(fault.Forbidden, "nobody that %s may call in %s", endpoint, to.Context)
	}
	return to, nil
}
