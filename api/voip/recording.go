package voip

import (
	"github.com/skygenesisenterprise/skybridge/api/voip/recordings"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// subjects are the calls and rooms as recordings have them.
type subjects struct{ *Service }

// Subjects are the calls and rooms as recordings have them.
func (s *Service) Subjects() recordings.Subjects { return subjects{s} }

// Call implements recordings.Subjects: its creator, who is connected, and an admin may record
// a call.
func (s subjects) Call(p auth.Principal, id string) (recordings.Subject, error) {
	c, err := s.Find(p, id)
	if err != nil {
		return recordings.Subject{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pt := c.partyFor(p)
	switch err := c.open(); {
	case err != nil:
		return recordings.Subject{}, rest.InState(string(c.status), err)
	case c.createdBy != p.User && !p.SeesAll() && (pt == nil || pt.state != StateConnected):
		return recordings.Subject{}, fault.New(fault.Forbidden, "only who is in the call may record it")
	case c.plan:
		return recordings.Subject{}, rest.InState(string(c.status), fault.New(fault.Conflict, "the dialplan records its calls"))
	case c.room != nil:
		return recordings.Subject{}, rest.InState(string(c.status), fault.New(fault.Conflict, "record the room instead"))
	}
	if c.status != StatusActive {
		return recordings.Subject{}, rest.InState(string(c.status), fault.New(fault.Conflict, "nobody talks yet"))
	}
	return c.subject(p.User), nil
}

// subject is the call as a recording has it. The lock is held.
func (c *Call) subject(by string) recordings.Subject {
	return recordings.Subject{Call: c.id, State: string(c.status), Bridge: c.bridge, By: by, Users: c.owners()}
}

// recordNow records a call that is to be from its first moment on. What keeps it from that is
// in the log, and the call goes on.
func (c *Call) recordNow() {
	c.mu.Lock()
	subject := c.subject(c.createdBy)
	c.mu.Unlock()
	if _, err := c.service.recordings.Start(subject, recordings.StartRecording{}); err != nil {
		c.log.Error("call not recorded", "err", err)
	}
}

// Stated says in which state the call is of which an error (409) is.
func (c *Call) Stated(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return rest.InState(string(c.status), err)
}

// Room implements recordings.Subjects.
func (s subjects) Room(p auth.Principal, id string) (recordings.Subject, error) {
	return s.rooms.Recordable(p, id)
}
