// Package whip lets streaming programs publish into a room by HTTP alone, and players watch it: WHIP
// (RFC 9725) and WHEP (draft-ietf-wish-whep), with trickle ICE and ICE restarts in SDP fragments
// (RFC 8840). Who publishes is a participant of the room like one who joins by the REST API, with a
// call of their own behind it, and ends like one; so does who watches, as a viewer, who hears the
// room's mix and sees one picture, and is neither heard nor seen.
//
// It starts no goroutine.
package whip

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// Calls are the API's calls into rooms.
type Calls interface {
	// Join makes a call into a room, whose offer follows.
	Join(ctx context.Context, p auth.Principal, room string, in rooms.JoinRoom) (rooms.JoinBody, error)
	// Negotiate takes a message of a session's client; an offer's has the answer as its reply.
	Negotiate(ctx context.Context, p auth.Principal, call, kind string, payload json.RawMessage) (mailbox.MessageBody, error)
	// Lasts reports whether a call is there that has not ended.
	Lasts(call string) bool
}

// Rooms are those there are.
type Rooms interface {
	// Find finds one by its id or its number.
	Find(name string) (*conference.Room, error)
}

// Service holds the sessions. One lasts as long as its call.
type Service struct {
	calls Calls
	rooms Rooms
	log   *slog.Logger

	mu       sync.Mutex
	sessions map[string]*session // by call
}

// New makes the service.
func New(calls Calls, rooms Rooms, log *slog.Logger) *Service {
	return &Service{calls: calls, rooms: rooms, log: log, sessions: make(map[string]*session)}
}

// session is one client's.
type session struct {
	call, room string
	owner      auth.Principal
	watch      bool

	mu    sync.Mutex // one PATCH at a time
	offer offer      // the latest, as it was taken
	tag   string     // the entity tag of the present generation of ICE
}

// made is what a new session is answered with.
type made struct {
	*session
	answer string
	ice    []records.ICEServerBody
}

// begin brings a client into a room.
func (s *Service) begin(ctx context.Context, p auth.Principal, room string, in rooms.JoinRoom, text string) (made, error) {
	offer, err := readOffer(text, in.Way.Watches)
	if err != nil {
		return made{}, inBody(err)
	}
	ses, joined, err := s.enter(ctx, p, room, in, offer)
	if err != nil {
		return made{}, err
	}
	answer, err := s.exchange(ctx, ses, offer)
	if err == nil {
		err = ses.takes(answer)
	}
	if err != nil {
		s.forget(ses)
		s.hangUp(ctx, ses)
		return made{}, inBody(err)
	}
	return made{ses, answer, joined.ICEServers}, nil
}

// enter makes a session, and its place in the room.
func (s *Service) enter(ctx context.Context, p auth.Principal, room string, in rooms.JoinRoom, o offer) (*session, rooms.JoinBody, error) {
	joined, err := s.calls.Join(ctx, p, room, in)
	if err != nil {
		return nil, joined, err
	}
	ses := &session{call: joined.CallID, room: joined.RoomID, owner: p, watch: in.Way.Watches, offer: o, tag: newTag()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	s.sessions[ses.call] = ses
	return ses, joined, nil
}

// takes has a session take the answer to its first offer.
func (ses *session) takes(answer string) error {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	return ses.offer.answered(answer, ses.watch)
}

// sweep lets go of sessions whose calls are over. The lock is held.
func (s *Service) sweep() {
	for id := range s.sessions {
		if !s.calls.Lasts(id) {
			delete(s.sessions, id)
		}
	}
}

// newTag is an entity tag (RFC 9110 §8.8.3).
func newTag() string { return `"` + signaling.NewID() + `"` }

// exchange gives the answer to an offer.
func (s *Service) exchange(ctx context.Context, ses *session, o offer) (string, error) {
	reply, err := s.signal(ctx, ses, mailbox.Offer, mailbox.Description{Type: mailbox.Offer, SDP: o.text()})
	if err != nil {
		return "", err
	}
	if reply.Reply == nil {
		return "", fault.New(fault.Internal, "an offer without an answer")
	}
	return mailbox.SDP(mailbox.Answer, reply.Reply.Payload)
}

// signal sends a message of the session's client to the server.
func (s *Service) signal(ctx context.Context, ses *session, kind string, payload any) (mailbox.MessageBody, error) {
	var text json.RawMessage
	if payload != nil {
		var err error
		if text, err = json.Marshal(payload); err != nil {
			return mailbox.MessageBody{}, err
		}
	}
	s.mu.Lock()
	owner := ses.owner
	s.mu.Unlock()
	return s.calls.Negotiate(ctx, owner, ses.call, kind, text)
}

// hangUp ends a session's call. One that is over already is none of our business.
func (s *Service) hangUp(ctx context.Context, ses *session) {
	ctx = context.WithoutCancel(ctx)
	if _, err := s.signal(ctx, ses, mailbox.Hangup, nil); err != nil && !over(err) && fault.Of(err) != fault.Conflict {
		s.log.Error("a session's call was not ended", "call", ses.call, "err", err)
	}
}

// over reports whether an error says that a session's call has ended.
func over(err error) bool {
	kind := fault.Of(err)
	return kind == fault.NotFound || kind == fault.Gone || fault.CodeOf(err) == "call_ended"
}

// find finds a session whose call goes on, for who made it, or an admin.
func (s *Service) find(p auth.Principal, watch bool, room, id string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.sessions[id]
	if ses == nil || ses.watch != watch || ses.room != room || ses.owner.User != p.User && !rest.ReadsAll(p) {
		return nil, noSession(id)
	}
	if !s.calls.Lasts(id) {
		s.sweep() // others may have gone with it
		return nil, noSession(id)
	}
	if ses.owner.User == p.User {
		ses.owner = p // whose rights are those of now
	}
	return ses, nil
}

func noSession(id string) error { return fault.New(fault.NotFound, "no session %q", id) }

// forget lets go of a session.
func (s *Service) forget(ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, ses.call)
}

// remove ends a session.
func (s *Service) remove(ctx context.Context, p auth.Principal, watch bool, room, id string) error {
	ses, err := s.find(p, watch, room, id)
	if err != nil {
		return err
	}
	s.forget(ses)
	_, err = s.signal(context.WithoutCancel(ctx), ses, mailbox.Hangup, nil)
	if over(err) || fault.Of(err) == fault.Conflict { // it has ended before, or its client is out
		return noSession(id)
	}
	return err
}

// patched is what a fragment leads to: nothing, or a new generation of ICE.
type patched struct{ tag, fragment string }

// patch takes candidates, or begins a new generation of ICE where the fragment has credentials
// of one. match is If-Match.
func (s *Service) patch(ctx context.Context, p auth.Principal, watch bool, room, id, match, text string) (patched, error) {
	ses, err := s.find(p, watch, room, id)
	if err != nil {
		return patched{}, err
	}
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if err := ses.matches(match); err != nil {
		return patched{}, err
	}
	f, err := readFragment(text)
	if err != nil {
		return patched{}, err
	}
	var out patched
	if f.ufrag != ses.offer.ufrag() {
		out, err = s.restart(ctx, ses, f)
	} else {
		err = s.trickle(ctx, ses, f)
	}
	if over(err) {
		s.forget(ses)
		return patched{}, noSession(id)
	}
	return out, inBody(err)
}

// trickle takes candidates of the present generation.
func (s *Service) trickle(ctx context.Context, ses *session, f fragment) error {
	type init struct {
		Candidate string `json:"candidate"`
		MID       string `json:"sdpMid,omitempty"`
		Ufrag     string `json:"usernameFragment"`
	}
	for _, c := range f.candidates {
		if !ses.offer.bearsFor(c.mid) {
			continue
		}
		if _, err := s.signal(ctx, ses, mailbox.Candidate, init{c.text, c.mid, f.ufrag}); err != nil {
			return err
		}
	}
	if !f.complete {
		return nil
	}
	_, err := s.signal(ctx, ses, mailbox.Candidate, init{Ufrag: f.ufrag})
	return err
}

// restart begins a new generation. One that is refused leaves the session as it was.
func (s *Service) restart(ctx context.Context, ses *session, f fragment) (patched, error) {
	next := ses.offer.restarted(f)
	answer, err := s.exchange(ctx, ses, next)
	if err != nil {
		return patched{}, err
	}
	ses.offer, ses.tag = next, newTag()
	return patched{ses.tag, fragmentOf(answer).text()}, nil
}

// inBody says of what is wrong with an SDP that it stands in the body.
func inBody(err error) error {
	var field *rest.FieldError
	if errors.As(err, &field) {
		err = field.Err
	}
	switch fault.Of(err) {
	case fault.Invalid:
		err = fault.WithCode(fault.Malformed, "malformed_sdp", "%w", err)
	case fault.NotAcceptable: // 422, as 406 is of no use to WHIP, and an offer of ours to WHEP
		err = fault.WithCode(fault.Invalid, fault.NotAcceptable.String(), "%w", err)
	case fault.Malformed, fault.TooLarge:
	default:
		return err
	}
	return rest.InField("body", err)
}
