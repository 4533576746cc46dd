// Package roster is what is known of endpoints and of where they can be reached, for lists.
// Values; no goroutine.
package roster

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Endpoint is one endpoint's state for lists.
type Endpoint struct {
	Tech     string
	Name     string
	CallerID string
	Context  string
	// Contacts are the addresses that can be rung now.
	Contacts []Contact
	// Trunk is true for an endpoint that peers with another server.
	Trunk bool
	// Calls are those at this moment, MaxCalls the most that there may be, PerSecond the
	// most that may begin in a second; 0 is no limit. Trunks only, and so what follows:
	// Attempts counts the calls that were sent there, Failures those that it failed at,
	// Answered and Refused those that were answered, and that a limit kept away.
	Calls, MaxCalls                       int
	PerSecond                             float64
	Attempts, Failures, Answered, Refused uint64
	// RetryAt is when it is tried again as before, after a failure; zero for none.
	RetryAt time.Time
	// Registration is the state of our own REGISTER there, empty when none.
	Registration string
	// LastError is what went wrong last, LastStatus the SIP status of it: of the response,
	// or what stands for none (408 for silence, 503 for no way there, RFC 3261 §8.1.3.1);
	// 0 where nothing went wrong.
	LastError   string
	LastStatus  int
	Description string
	Codecs      []string
	// Static is true for an endpoint whose address stands in the configuration.
	Static bool
	// ConfTech is the file's own technology: "SIP" (sip.conf) or "PJSIP".
	ConfTech string
}

// Contact is one address of an endpoint.
type Contact struct {
	AOR    string // the address of record that it is bound to
	URI    string
	Status Status
	RTT    time.Duration // of the last OPTIONS; 0 when unknown
	Expiry time.Time     // zero for a static contact
}

// Status is what OPTIONS told about a contact.
type Status string

// The contact states, in Asterisk's words.
const (
	NotQualified Status = "NonQual"
	Available    Status = "Avail"
	Unavailable  Status = "Unavail"
)

// StatusWithout is the SIP status that stands for a failure without a response: 503 for no
// way to the other side, 408 for its silence (RFC 3261 §8.1.3.1), else the kind's own.
func StatusWithout(kind fault.Kind) int {
	if kind == fault.Unreachable {
		return 503
	}
	return kind.SIPStatus()
}
