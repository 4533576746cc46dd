package endpoint

// DTMFMode is how digits are sent.
type DTMFMode uint8

// The modes. Auto is telephone-event where the peer has it, else in the audio;
// AutoInfo the same with INFO.
const (
	DTMFRFC4733 DTMFMode = iota
	DTMFInband
	DTMFInfo
	DTMFAuto
	DTMFAutoInfo
	DTMFNone
)

var dtmfNames = []string{"rfc4733", "inband", "info", "auto", "auto_info", "none"}

// String is pjsip.conf's name of the mode.
func (d DTMFMode) String() string { return dtmfNames[d] }

// privacyNames are what may be said of a caller id.
var privacyNames = []string{
	"allowed_not_screened", "allowed_passed_screen", "allowed_failed_screen", "allowed",
	"prohib_not_screened", "prohib_passed_screen", "prohib_failed_screen", "prohib", "unavailable",
}

// Encryption is how media is kept secret.
type Encryption uint8

// The encryptions.
const (
	EncryptionNone Encryption = iota
	EncryptionSDES
	EncryptionDTLS
)

var encryptionNames = []string{"no", "sdes", "dtls"}

// String is pjsip.conf's name of the encryption.
func (e Encryption) String() string { return encryptionNames[e] }

// Rel100 is what is done about reliable provisional responses (RFC 3262).
type Rel100 uint8

// The choices. Rel100Yes offers them, Rel100Peer uses them if the peer offers.
const (
	Rel100Yes Rel100 = iota
	Rel100No
	Rel100Required
	Rel100Peer
)

var rel100Names = []string{"yes", "no", "required", "peer_supported"}

// String is pjsip.conf's name of the choice.
func (r Rel100) String() string { return rel100Names[r] }

// Timers is what is done about session timers (RFC 4028).
type Timers uint8

// The choices.
const (
	TimersYes Timers = iota
	TimersNo
	TimersRequired
	TimersAlways
)

var timersNames = []string{"yes", "no", "required", "always"}

// String is pjsip.conf's name of the choice.
func (t Timers) String() string { return timersNames[t] }

// DTLS is the DTLS-SRTP part of an endpoint.
type DTLS struct {
	Verify      string // fingerprint, certificate, both, no
	Setup       string // active, passive, actpass
	Fingerprint string // SHA-256, SHA-1
	CertFile    string
	PrivateKey  string
	CAFile      string
	CAPath      string
	Cipher      string
	// AutoGenerate makes a certificate for each call.
	AutoGenerate bool
}
