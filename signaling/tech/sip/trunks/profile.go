package trunks

import (
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// profile is what a kind of server is given where its trunk says nothing.
type profile struct {
	register, authenticate bool
	codecs                 []string
	dtmf                   endpoint.DTMFMode
	qualify                time.Duration
	timers                 endpoint.Timers
	rel100                 endpoint.Rel100
	sendPAI, trustID       bool
	fromAccount            bool // our account stands in From, and the host as its domain
	dialled                string
}

// profiles are the kinds of servers, by name.
var profiles = map[string]profile{
	// A PBX that knows us by our address.
	"asterisk": {
		codecs: []string{"g722", "alaw", "ulaw"}, dtmf: endpoint.DTMFRFC4733, qualify: 30 * time.Second,
		timers: endpoint.TimersYes, rel100: endpoint.Rel100No, sendPAI: true, trustID: true, dialled: "request",
	},
	// An extension of FreePBX that we register as. It tells that from the account in From.
	"freepbx": {
		register: true, codecs: []string{"g722", "alaw", "ulaw"}, dtmf: endpoint.DTMFRFC4733, qualify: time.Minute,
		timers: endpoint.TimersYes, rel100: endpoint.Rel100No, sendPAI: true, trustID: true, fromAccount: true, dialled: "auto",
	},
	// A proxy that stands before others: it stays in the route, and what is behind it
	// answers.
	"kamailio": {
		codecs: []string{"alaw", "ulaw"}, dtmf: endpoint.DTMFRFC4733, qualify: 15 * time.Second,
		timers: endpoint.TimersYes, rel100: endpoint.Rel100No, sendPAI: true, trustID: true, dialled: "request",
	},
	// A carrier that gives an account.
	"carrier-register": {
		register: true, codecs: []string{"alaw", "ulaw"}, dtmf: endpoint.DTMFRFC4733, qualify: time.Minute,
		timers: endpoint.TimersYes, rel100: endpoint.Rel100No, sendPAI: true, trustID: true, fromAccount: true, dialled: "auto",
	},
	// A carrier that knows us by our address.
	"carrier-ip": {
		codecs: []string{"alaw", "ulaw"}, dtmf: endpoint.DTMFRFC4733, qualify: 30 * time.Second,
		timers: endpoint.TimersYes, rel100: endpoint.Rel100No, sendPAI: true, trustID: true, dialled: "request",
	},
	// One whose calls come without a description: ours stands in the 200, so no
	// provisional response may be reliable and hold it.
	"carrier-late-offer": {
		codecs: []string{"alaw", "ulaw"}, dtmf: endpoint.DTMFRFC4733, qualify: 30 * time.Second,
		timers: endpoint.TimersNo, rel100: endpoint.Rel100No, sendPAI: true, trustID: true, dialled: "request",
	},
}

// DefaultProfile is that of a trunk that names none.
const DefaultProfile = "asterisk"

// Profiles are the names of all profiles, in order.
func Profiles() []string {
	names := make([]string, 0, len(profiles))
	for name := range profiles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// choose finds the value that a setting names, by its String.
func choose[T interface {
	~uint8
	String() string
}](what, name string, otherwise, last T) (T, error) {
	if name == "" {
		return otherwise, nil
	}
	var names []string
	for v := T(0); v <= last; v++ {
		if v.String() == name {
			return v, nil
		}
		names = append(names, v.String())
	}
	return 0, fault.New(fault.Invalid, "%s %q is none of %s", what, name, strings.Join(names, ", "))
}

// or is a setting, or its default where it is not made.
func or[T any](set *T, otherwise T) T {
	if set == nil {
		return otherwise
	}
	return *set
}
