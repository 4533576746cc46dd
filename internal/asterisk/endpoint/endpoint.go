package endpoint

import (
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
)

// Technologies that an endpoint's channels are named after.
const (
	PJSIP = "PJSIP"
	SIP   = "SIP"
)

// Set is what one configuration says about endpoints.
type Set struct {
	Endpoints     []Endpoint
	AORs          []AOR
	Registrations []Registration
	Transports    []Transport
	// Identifies are pjsip.conf's sections; the endpoints have what they say.
	Identifies []Identify
	Global     Global
	// ACL holds for every request, and ContactACL for where it says that its sender is,
	// before endpoints are looked at.
	ACL        acl.ACL
	ContactACL acl.ACL
	Warnings   []asterisk.Warning

	general *asterisk.Section // sip.conf's, if it has one
}

// Endpoint finds an endpoint by name, which has case, or nil.
func (s *Set) Endpoint(name string) *Endpoint {
	for i := range s.Endpoints {
		if s.Endpoints[i].Name == name {
			return &s.Endpoints[i]
		}
	}
	return nil
}

// AOR finds an address of record by name, or nil.
func (s *Set) AOR(name string) *AOR {
	for i := range s.AORs {
		if s.AORs[i].Name == name {
			return &s.AORs[i]
		}
	}
	return nil
}

// Endpoint is one phone or trunk.
type Endpoint struct {
	Name string
	// Tech is the file it stands in: PJSIP or SIP.
	Tech string
	// Context is where its calls enter the dialplan.
	Context string
	// Codecs are the allowed codecs by Asterisk's names ("ulaw", "opus"), in order of
	// preference.
	Codecs []string
	// Auth are the credentials a caller must prove, one of them; those that are not
	// Provable cannot. With none at all the endpoint is believed whoever names it.
	Auth []Auth
	// InsecureInvite lets calls in without proof, where registering needs it
	// (insecure=invite).
	InsecureInvite bool
	// OutboundAuth answer challenges to our own requests.
	OutboundAuth []Auth
	// AORs are the names of the addresses of record at which it is reached.
	AORs []string
	// IdentifyBy is how it may be told: "username", "ip", "auth_username", "header".
	IdentifyBy []string
	// Identify are the networks and IdentifyHosts the host names whose requests are
	// its own; with IdentifySRV the names are looked up as SRV first.
	Identify      []netip.Prefix
	IdentifyHosts []string
	IdentifySRV   bool
	// IdentifyMarks are what stands in its requests alone.
	IdentifyMarks []Mark
	// ACL says which addresses may be it, ContactACL which it may say to be at.
	ACL        acl.ACL
	ContactACL acl.ACL

	CallerName   string
	CallerNumber string
	// CallerPrivacy is the presentation of both, in Asterisk's word; CallerTag goes along
	// with them in the dialplan.
	CallerPrivacy string
	CallerTag     string
	// AccountCode is the endpoint's name where none is given.
	AccountCode string
	Language    string
	MOHSuggest  string
	Mailboxes   []string
	SetVars     []Variable
	CallGroup   string
	PickupGroup string
	NamedCall   []string
	NamedPickup []string
	// BusyAt is how many calls make it busy, 0 any number (device_state_busy_at).
	// CallLimit refuses more calls than that, 0 none (chan_sip's call-limit).
	BusyAt    int
	CallLimit int

	Transport     string
	OutboundProxy string
	FromUser      string
	FromDomain    string
	ContactUser   string
	ForceRport    bool
	// RewriteContact reaches it where its requests come from, not where they say.
	RewriteContact bool
	SendPAI        bool
	SendRPID       bool
	TrustIDInbound bool
	// TrustIDOutbound sends the identity also when it is private.
	TrustIDOutbound bool
	SendDiversion   bool
	SendHistory     bool // send_history_info
	// TrustConnected takes over who is connected behind it, SendConnected tells it who is
	// here, by ConnectedMethod: invite, reinvite or update.
	TrustConnected        bool
	SendConnected         bool
	ConnectedMethod       string
	UserEqPhone           bool
	SuppressQ850          bool
	AllowTransfer         bool
	FollowUser            bool // redirect_method=user, where it is written
	AllowSubscribe        bool
	AllowOverlap          bool
	ReferBlindProgress    bool
	InbandProgress        bool
	UnauthenticatedOption bool // allow_unauthenticated_options
	SubscribeContext      string
	MessageContext        string
	Rel100                Rel100
	// FollowForks hears whoever of several forks described its media last, ManyAnswers
	// takes another description of the same one (follow_early_media_fork,
	// accept_multiple_sdp_answers).
	FollowForks    bool
	ManyAnswers    bool
	Timers         Timers
	MinSE          time.Duration
	SessionExpires time.Duration
	Refresher      string // of sip.conf: uac, uas or nothing

	DTMFMode         DTMFMode
	DirectMedia      bool
	DirectMethod     string // direct_media_method: invite, reinvite or update
	DirectGlare      string // direct_media_glare_mitigation: none, outgoing or incoming
	DirectNotByNAT   bool   // disable_direct_media_on_nat
	RTPSymmetric     bool
	MediaAddress     string
	BindRTPToMedia   bool
	ReceivedTransp   bool // media_use_received_transport
	MediaEncryption  Encryption
	OptimisticCrypto bool // media_encryption_optimistic
	SRTPTag32        bool
	ICE              bool
	AVPF             bool
	ForceAVP         bool
	RTCPMux          bool
	Bundle           bool
	WebRTC           bool
	DTLS             DTLS
	UsePtime         bool
	PreferredOnly    bool // preferred_codec_only
	AudioStreams     int
	VideoStreams     int
	T38              bool
	T38Symmetric     bool          // t38_udptl_nat
	T38MaxDatagram   int           // octets; 0 is what the party says
	FaxTone          bool          // a facsimile is known by its calling tone
	FaxAsks          bool          // and by its asking for T.38
	FaxDetectTimeout time.Duration // 0 is the whole call
	// RTPTimeout ends a call without audio, RTPTimeoutHold one on hold; RTPKeepalive
	// is how often silence is broken. 0 is never.
	RTPTimeout     time.Duration
	RTPTimeoutHold time.Duration
	RTPKeepalive   time.Duration
	RTPPortStart   int // 0: rtp.conf's
	RTPPortEnd     int

	File string
	Line int

	allow   *asterisk.Setting // the last that changed Codecs; nil for the default
	section *asterisk.Section // nil for one that no file has
}

// Place is where an option of the endpoint was last set, by its name in pjsip.conf, a
// file and a line, or the endpoint itself; said tells which.
func (e *Endpoint) Place(option string) (file string, line int, said bool) {
	if e.section != nil {
		for _, name := range []string{option, strings.ReplaceAll(option, "_", "")} { // sip.conf's
			if s := e.section.Last(name); s != nil {
				return s.File, s.Line, true
			}
		}
	}
	return e.File, e.Line, false
}

// CodecsPlace is where Codecs were chosen, a file and a line: the last allow, or the
// endpoint itself.
func (e *Endpoint) CodecsPlace() (file string, line int) {
	if e.allow != nil {
		return e.allow.File, e.allow.Line
	}
	return e.File, e.Line
}

// Auth is one pair of user name and proof.
type Auth struct {
	Name     string // the section; empty for sip.conf
	Username string
	// Realm is what the proof is for; empty for the challenger's, or ours.
	Realm string
	// Password in the clear, or Digests: hexadecimal H(username:realm:password).
	Password string
	Digests  []Digest
	// Offered are the algorithms that a caller is asked for, by their names; none leaves it
	// to the server.
	Offered []string
	// NonceLifetime is how long a challenge is good for.
	NonceLifetime time.Duration
	File          string
	Line          int
}

// Provable reports whether there is anything to prove it with. An endpoint can have an
// Auth that is not, by a mistake in its file: nobody can be it then. An empty password
// never proves anything.
func (a *Auth) Provable() bool { return a.Username != "" && (a.Password != "" || len(a.Digests) > 0) }

// Digest is a hash that stands for a password.
type Digest struct {
	Algorithm string // "MD5", "SHA-256", "SHA-512-256"
	Hash      string
}

// AOR is an address of record.
type AOR struct {
	Name string
	// MaxContacts can be registered; with 0 none can.
	MaxContacts       int
	RemoveExisting    bool
	RemoveUnavailable bool
	// Contacts are permanent ones, SIP URIs.
	Contacts          []string
	MinExpiration     time.Duration
	MaxExpiration     time.Duration
	DefaultExpiration time.Duration
	// QualifyFrequency is how often contacts are asked with OPTIONS, 0 never.
	QualifyFrequency    time.Duration
	QualifyTimeout      time.Duration
	Qualify2xxOnly      bool
	AuthenticateQualify bool
	SupportPath         bool
	OutboundProxy       string
	Mailboxes           []string
	File                string
	Line                int
}

// Identify is a section that tells an endpoint by where its requests come from.
type Identify struct {
	Name     string
	Endpoint string
	Match    []string // networks, host names and marks
}

// Registration is one that we keep with another server.
type Registration struct {
	Name      string
	ServerURI string
	// OtherServers stand in for it.
	OtherServers []string
	ClientURI    string
	// ContactUser is the extension that calls of the server come to.
	ContactUser            string
	Auth                   []Auth
	Transport              string
	OutboundProxy          string
	Expiration             time.Duration
	RetryInterval          time.Duration
	ForbiddenRetryInterval time.Duration
	FatalRetryInterval     time.Duration
	MaxRetries             int // 0 is without end
	AuthRejectionPermanent bool
	// Line adds a parameter to the contact by which calls are told to be Endpoint's.
	LineParameter bool
	Endpoint      string
	SupportPath   bool
	UserAgent     string
	File          string
	Line          int
}

// Transport is one listener.
type Transport struct {
	Name     string
	Protocol string // udp, tcp, tls, ws, wss
	// Bind is where to listen. WebSocket transports listen where http.conf says.
	Bind              netip.AddrPort
	Domain            string
	ExternalMedia     string
	ExternalSignaling string
	ExternalPort      int
	LocalNet          []netip.Prefix
	CertFile          string
	PrivKeyFile       string
	CAFile            string
	CAPath            string
	Method            string
	// Cipher names suites, parted by commas.
	Cipher              string
	VerifyClient        bool
	VerifyServer        bool
	RequireClientCert   bool
	AllowReload         bool
	Symmetric           bool
	TOS                 string
	WebSocketWriteLimit time.Duration
	File                string
	Line                int
}

// Global is what holds for all: pjsip.conf's global and system, sip.conf's general.
type Global struct {
	UserAgent string
	Realm     string
	// Algorithms are those of digests that callers are asked for, by their names.
	Algorithms  []string
	FromUser    string
	MaxForwards int
	KeepAlive   time.Duration
	// DisableTCPSwitch leaves large requests on UDP.
	DisableTCPSwitch bool
	TimerT1          time.Duration
	TimerB           time.Duration
	OutboundName     string // default_outbound_endpoint
	// IdentifierOrder is in which order endpoints are told: ip, username, anonymous ...
	IdentifierOrder []string
	RegContext      string
	Debug           string
	// BareUsers ends users of URIs at their first semicolon (ignore_uri_user_options).
	BareUsers bool
	// AllowGuest would let calls of nobody in particular in (sip.conf).
	AllowGuest bool
}

// Variable is one set_var.
type Variable struct {
	Name  string
	Value string
}
