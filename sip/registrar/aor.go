package registrar

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// AOR is an address of record and how it is kept: the options of pjsip.conf's
// type=aor, and rewrite_contact of its endpoint.
type AOR struct {
	// Name is the user part that phones register, "1001".
	Name string
	// Contacts are permanent; they are never written down and never expire.
	Contacts []message.URI
	// MaxContacts bounds the contacts that were registered; with 0 none can be.
	MaxContacts int
	// RemoveExisting makes room for a contact past MaxContacts by removing those
	// that expire soonest; else it is refused. RemoveUnavailable does so with
	// contacts that do not answer, first or, without RemoveExisting, only.
	RemoveExisting    bool
	RemoveUnavailable bool
	// DefaultExpiration is for contacts that ask for none; a shorter one than
	// MinExpiration is refused with 423, a longer one than MaxExpiration cut.
	DefaultExpiration, MinExpiration, MaxExpiration time.Duration
	// QualifyFrequency is how often a contact is asked with OPTIONS, 0 never;
	// QualifyTimeout how long it may take to answer.
	QualifyFrequency, QualifyTimeout time.Duration
	// Qualify2xxOnly takes a response of 300 and more for no answer.
	Qualify2xxOnly bool
	// SupportPath keeps the Path of a REGISTER (RFC 3327).
	SupportPath bool
	// Proxy is where OPTIONS are sent first; zero is straight to the contact.
	Proxy message.URI
	// Network is "udp", "tcp" or "tls" where Contacts that name none are asked over that
	// alone, whatever else their domain serves.
	Network string
	// Listener is the name of the listener of ours by which Contacts are asked; "" for any.
	Listener string
	// RewriteContact reaches a contact where its REGISTER came from instead of
	// where it says, as phones behind a NAT need.
	RewriteContact bool
}

// DefaultAOR is an AOR with Asterisk's defaults and room for one contact.
func DefaultAOR(name string) AOR {
	return AOR{
		Name:              name,
		MaxContacts:       1,
		DefaultExpiration: time.Hour,
		MinExpiration:     time.Minute,
		MaxExpiration:     2 * time.Hour,
		QualifyTimeout:    3 * time.Second,
	}
}

// Validate tells what is wrong with the AOR.
func (a *AOR) Validate() error {
	switch {
	case a.Name == "":
		return fault.New(fault.Invalid, "registrar: aor without a name")
	case a.MaxContacts < 0:
		return fault.New(fault.Invalid, "registrar: aor %s: max_contacts %d is negative", a.Name, a.MaxContacts)
	case a.MinExpiration < 0 || a.MaxExpiration < time.Second || a.MinExpiration > a.MaxExpiration || a.DefaultExpiration < time.Second:
		return fault.New(fault.Invalid, "registrar: aor %s: expirations (default %v, minimum %v, maximum %v) do not fit",
			a.Name, a.DefaultExpiration, a.MinExpiration, a.MaxExpiration)
	case a.QualifyFrequency < 0 || a.QualifyFrequency > 0 && a.QualifyTimeout <= 0:
		return fault.New(fault.Invalid, "registrar: aor %s: qualify_frequency %v or qualify_timeout %v does not fit",
			a.Name, a.QualifyFrequency, a.QualifyTimeout)
	}
	for _, u := range a.Contacts {
		if u.Scheme != "sip" && u.Scheme != "sips" {
			return fault.New(fault.Invalid, "registrar: aor %s: contact %s is no SIP URI", a.Name, u)
		}
	}
	return nil
}
