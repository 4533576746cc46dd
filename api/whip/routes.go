package whip

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

const (
	offerType = "application/sdp"
	// bodyLimit bounds an SDP, as signaling messages are bounded; bytes.
	bodyLimit = 48 << 10
)

// protocol is WHIP or WHEP, as its operations are called.
type protocol struct {
	name  string // in paths and the names of operations
	title string // in the document
	begin string // the operation that makes a session
	does  string // in the document
	watch bool
}

var protocols = []protocol{
	{name: "whip", title: "WHIP", begin: "whip-publish", does: "Publish into a room by WHIP (RFC 9725)"},
	{name: "whep", title: "WHEP", begin: "whep-watch", does: "Watch a room by WHEP (draft-ietf-wish-whep)", watch: true},
}

func (o protocol) endpoint() string { return "/rooms/{id}/" + o.name }

type routes struct {
	*Service
	protocol
}

// Register adds the operations.
func Register(api huma.API, s *Service, fail rest.Errors) {
	fail = statuses(fail)
	for _, o := range protocols {
		r := routes{s, o}
		open := rest.Operation(http.MethodPost, o.endpoint(), o.begin, o.does, http.StatusCreated)
		open.MaxBodyBytes = bodyLimit
		open.Responses = answers(http.StatusCreated, "The answer, with every candidate of ours", offerType)
		if o.watch {
			rest.Handle(api, fail, open, r.openWatch)
		} else {
			rest.Handle(api, fail, open, r.openPublish)
		}
		rest.Handle(api, fail, rest.Operation(http.MethodGet, o.endpoint(), o.name+"-endpoint",
			"Nothing (RFC 9725 §4.1): the place to POST to is there", http.StatusNoContent), r.endpointIsThere)
		r.registerSession(api, fail)
	}
}

// registerSession adds the operations on a session.
func (r routes) registerSession(api huma.API, fail rest.Errors) {
	path := r.endpoint() + "/{session}"
	change := rest.Operation(http.MethodPatch, path, r.name+"-change",
		"Tell candidates, or begin a new generation of ICE, of a "+r.title+" session (RFC 8840)", http.StatusOK)
	change.MaxBodyBytes = bodyLimit
	change.Responses = answers(http.StatusOK, "Our part of a new generation", fragmentType)
	change.Responses["204"] = &huma.Response{Description: "The candidates are taken"}
	change.Errors = []int{400, 401, 403, 404, 406, 409, 410, 412, 413, 415, 422, 428, 429, 500, 503, 504} // with two answers there is no default
	rest.Handle(api, fail, change, r.change)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, path, r.name+"-session",
		"Nothing (RFC 9725 §4.1): the session is there", http.StatusNoContent), r.sessionIsThere)
	rest.Handle(api, fail, rest.Operation(http.MethodDelete, path, r.name+"-end", "End a "+r.title+" session", http.StatusOK), r.end)
}

func answers(status int, what, mediaType string) map[string]*huma.Response {
	return map[string]*huma.Response{fmt.Sprint(status): {
		Description: what, Content: map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

// statuses lets what has no kind, but a status of its own (412, 415, 428), be answered by that.
func statuses(fail rest.Errors) rest.Errors {
	return func(err error) error {
		var known huma.StatusError
		if errors.As(err, &known) {
			return known
		}
		return fail(err)
	}
}

// Options says what may be posted to a room, to whoever asks (RFC 9725 §4.2). Preflights of
// browsers are the business of what stands after it.
func Options(app *fiber.App) {
	each(func(endpoint string) {
		app.Options(endpoint, func(c *fiber.Ctx) error {
			c.Set("Accept-Post", offerType)
			return c.Next()
		})
		app.Options(endpoint+"/:session", func(c *fiber.Ctx) error {
			c.Set("Accept-Patch", fragmentType)
			return c.Next()
		})
	})
}

// Asked answers who asks without being a browser's preflight; it stands after what answers those.
func Asked(app *fiber.App) {
	each(func(endpoint string) {
		app.Options(endpoint, func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderAllow, "OPTIONS, GET, POST")
			return c.SendString("")
		})
		app.Options(endpoint+"/:session", func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderAllow, "OPTIONS, GET, PATCH, DELETE")
			return c.SendString("")
		})
	})
}

// each is called with the path of each endpoint, as fiber writes it.
func each(f func(endpoint string)) {
	for _, o := range protocols {
		f(strings.ReplaceAll(rest.Base+o.endpoint(), "{id}", ":id"))
	}
}

func (r routes) endpointIsThere(_ context.Context, _ auth.Principal, in *rest.PathID) (*struct{}, error) {
	_, err := r.rooms.Find(in.ID)
	return nil, err
}

func (r routes) sessionIsThere(_ context.Context, p auth.Principal, in *SessionPath) (*struct{}, error) {
	_, err := r.find(p, r.watch, in.ID, in.Session)
	return nil, err
}

type opened struct {
	// CacheControl has nobody keep an answer that is good for one connection, and its secrets.
	CacheControl string   `header:"Cache-Control"`
	Location     string   `header:"Location" doc:"The session"`
	ETag         string   `header:"ETag" doc:"The present generation of ICE"`
	AcceptPatch  string   `header:"Accept-Patch"`
	Link         []string `header:"Link" doc:"ICE servers, rel=\"ice-server\""`
	ContentType  string   `header:"Content-Type"`
	Body         []byte
}

// Offer is what a session is made of; exported, since huma fills embedded fields by reflection.
type Offer struct {
	rest.PathID
	rest.Once
	PIN         string `query:"pin" maxLength:"32" doc:"Of a room that has pin_required"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"application/sdp"`
}

func (r routes) openPublish(ctx context.Context, p auth.Principal, in *struct {
	Offer
	Role string `query:"role" enum:"participant,moderator"`
},
) (*opened, error) {
	return r.open(ctx, p, &in.Offer, rooms.JoinRoom{Role: in.Role, Way: rooms.Way{Publishes: true}})
}

func (r routes) openWatch(ctx context.Context, p auth.Principal, in *struct {
	Offer
	Participant string `query:"participant" maxLength:"64" doc:"Who is seen: their screen, or their camera; whoever speaks when absent"`
},
) (*opened, error) {
	return r.open(ctx, p, &in.Offer, rooms.JoinRoom{Way: rooms.Way{Watches: true, Whom: in.Participant}})
}

func (r routes) open(ctx context.Context, p auth.Principal, in *Offer, as rooms.JoinRoom) (*opened, error) {
	if err := isOf(in.ContentType, offerType); err != nil {
		return nil, err
	}
	as.PIN = in.PIN
	m, err := r.Service.begin(ctx, p, in.ID, as, string(in.RawBody))
	if err != nil {
		return nil, err
	}
	return &opened{
		CacheControl: "no-store",
		Location:     rest.Base + "/rooms/" + m.room + "/" + r.name + "/" + m.call, ETag: m.tag, AcceptPatch: fragmentType,
		Link: links(m.ice), ContentType: offerType, Body: []byte(m.answer),
	}, nil
}

// isOf fails with 415 for a body of another media type.
func isOf(header, want string) error {
	if got, _, err := mime.ParseMediaType(header); err != nil || got != want {
		return huma.NewError(http.StatusUnsupportedMediaType, "the body has to be "+want)
	}
	return nil
}

// links tell a client its ICE servers (RFC 9725 §4.4).
func links(servers []records.ICEServerBody) []string {
	var out []string
	for _, s := range servers {
		for _, url := range s.URLs {
			link := "<" + url + `>; rel="ice-server"`
			if s.Username != "" {
				link += `; username=` + quoted(s.Username) + `; credential=` + quoted(s.Credential) + `; credential-type="password"`
			}
			out = append(out, link)
		}
	}
	return out
}

// quoted is a quoted-string (RFC 9110 §5.6.4).
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// SessionPath is the session that a path names; exported, since huma fills embedded fields by
// reflection.
type SessionPath struct {
	rest.PathID
	Session string `path:"session"`
}

type changed struct {
	Status      int
	ETag        string `header:"ETag" doc:"The new generation of ICE"`
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (r routes) change(ctx context.Context, p auth.Principal, in *struct {
	SessionPath
	IfMatch     string `header:"If-Match" doc:"The entity tag of the present generation; * with the credentials of a new one"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"application/trickle-ice-sdpfrag"`
},
) (*changed, error) {
	if err := isOf(in.ContentType, fragmentType); err != nil {
		return nil, err
	}
	out, err := r.patch(ctx, p, r.watch, in.ID, in.Session, in.IfMatch, string(in.RawBody))
	if err != nil {
		return nil, err
	}
	if out.tag == "" {
		return &changed{Status: http.StatusNoContent}, nil
	}
	return &changed{Status: http.StatusOK, ETag: out.tag, ContentType: fragmentType, Body: []byte(out.fragment)}, nil
}

// matches holds If-Match against the present generation (RFC 9110 §13.1.1).
func (ses *session) matches(match string) error {
	if match == "" {
		return huma.NewError(http.StatusPreconditionRequired, "If-Match is missing: the entity tag of the session, or * to restart ICE")
	}
	tags := strings.Split(match, ",")
	if slices.ContainsFunc(tags, func(t string) bool { t = strings.TrimSpace(t); return t == "*" || t == ses.tag }) {
		return nil
	}
	return huma.NewError(http.StatusPreconditionFailed, "ICE has been restarted since")
}

func (r routes) end(ctx context.Context, p auth.Principal, in *SessionPath) (*struct{}, error) {
	return nil, r.remove(ctx, p, r.watch, in.ID, in.Session)
}
