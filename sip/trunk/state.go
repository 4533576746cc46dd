package trunk

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Status is how a registration stands.
type Status uint8

// The statuses, by the names that `pjsip show registrations` prints.
const (
	Unregistered Status = iota // not yet, not any more, or trying
	Registered
	Rejected // the registrar refuses
	Stopped
)

var statusNames = [...]string{"Unregistered", "Registered", "Rejected", "Stopped"}

// String is the status as Asterisk prints it.
func (s Status) String() string { return statusNames[s] }

// State is a snapshot of a registration.
type State struct {
	Name, Auth, Endpoint string
	Server, Client       message.URI
	// At is the server that was asked last, Server or one that stands in for it.
	At message.URI
	// Flow is what the last answer came over.
	Flow   message.FlowID
	Status Status
	// ServiceRoute is the way that requests of ours are to take, by the registrar's last
	// 200 (RFC 3608); nil while there is none, or no registration.
	ServiceRoute []message.Address
	granted      message.URI // the server that has the registration
	// Expires is when what was granted ends; zero while nothing is.
	Expires time.Time
	// Since is when the status began.
	Since time.Time
	// Next is when the registrar is asked again; zero for never.
	Next time.Time
	// RTT is how long the registrar took for its last answer, challenge included.
	RTT time.Duration
	// Failures counts tries since the last success; LastStatus and LastError are
	// the last one's: its SIP status (0 for no answer), and what went wrong.
	Failures   int
	LastStatus int
	LastError  string
	LastKind   fault.Kind // of LastError
}
