package config

import "time"

// Trunk is one other server that calls go to and come from. What is not set is as its
// profile has it.
type Trunk struct {
	Name    string `koanf:"name" yaml:"name"`
	Profile string `koanf:"profile" yaml:"profile"`
	// Hosts are where it is, in the order in which they stand in for one another.
	Hosts     []string `koanf:"hosts" yaml:"hosts"`
	Transport string   `koanf:"transport" yaml:"transport"`
	Proxy     string   `koanf:"proxy" yaml:"proxy"`
	// Username is our account there, AuthUsername its name in digests where that is another;
	// its password stands here, in a file or in the environment. It is shown to who asks for
	// Realm alone, where that is set.
	Username     string `koanf:"username" yaml:"username"`
	AuthUsername string `koanf:"auth_username" yaml:"auth_username"`
	Realm        string `koanf:"realm" yaml:"realm"`
	Password     string `koanf:"password" yaml:"password"`
	PasswordFile string `koanf:"password_file" yaml:"password_file"`
	PasswordEnv  string `koanf:"password_env" yaml:"password_env"`
	Register     *bool  `koanf:"register" yaml:"register"`
	// Authenticate asks the trunk for the same account when it calls or registers.
	Authenticate *bool `koanf:"authenticate" yaml:"authenticate"`
	// Match are the networks and names that its requests come from, MatchHeader what
	// stands in them.
	Match       []string `koanf:"match" yaml:"match"`
	MatchHeader string   `koanf:"match_header" yaml:"match_header"`
	Context     string   `koanf:"context" yaml:"context"`
	Codecs      []string `koanf:"codecs" yaml:"codecs"`
	DTMF        string   `koanf:"dtmf" yaml:"dtmf"`
	FromUser    string   `koanf:"from_user" yaml:"from_user"`
	FromDomain  string   `koanf:"from_domain" yaml:"from_domain"`
	SendPAI     *bool    `koanf:"send_pai" yaml:"send_pai"`
	TrustID     *bool    `koanf:"trust_id" yaml:"trust_id"`
	CallerID    CallerID `koanf:"caller_id" yaml:"caller_id"`
	// Outbound and Inbound change the number that is dialled, CallerOutbound and
	// CallerInbound the caller's.
	Outbound       []NumberRule `koanf:"outbound" yaml:"outbound"`
	Inbound        []NumberRule `koanf:"inbound" yaml:"inbound"`
	CallerOutbound []NumberRule `koanf:"caller_outbound" yaml:"caller_outbound"`
	CallerInbound  []NumberRule `koanf:"caller_inbound" yaml:"caller_inbound"`
	Dialled        string       `koanf:"dialled" yaml:"dialled"`
	// IgnoreUserOptions ends numbers at their first semicolon; nil is true.
	IgnoreUserOptions *bool          `koanf:"ignore_uri_user_options" yaml:"ignore_uri_user_options"`
	MaxCalls          int            `koanf:"max_calls" yaml:"max_calls"`
	CallsPerSecond    float64        `koanf:"calls_per_second" yaml:"calls_per_second"`
	Qualify           *time.Duration `koanf:"qualify" yaml:"qualify"`
	SessionTimers     string         `koanf:"session_timers" yaml:"session_timers"`
	Rel100            string         `koanf:"rel100" yaml:"rel100"`
	Encryption        string         `koanf:"encryption" yaml:"encryption"`
	// FollowRedirects has calls follow its 3xx to its own addresses, and to RedirectHosts.
	FollowRedirects bool     `koanf:"follow_redirects" yaml:"follow_redirects"`
	RedirectHosts   []string `koanf:"redirect_hosts" yaml:"redirect_hosts"`
	// Over TLS the trunk's server has to prove that it is the host that is named here (RFC
	// 5922) unless TLSVerify is false; against the authorities in the file TLSCA, else those of pjsip.conf
	// or the system. TLSCert and TLSKey are what we show of ourselves.
	TLSVerify *bool  `koanf:"tls_verify" yaml:"tls_verify"`
	TLSCA     string `koanf:"tls_ca" yaml:"tls_ca"`
	TLSCert   string `koanf:"tls_cert" yaml:"tls_cert"`
	TLSKey    string `koanf:"tls_key" yaml:"tls_key"`
}

// CallerID says who calls, where a call goes out to a trunk.
type CallerID struct {
	Policy  string   `koanf:"policy" yaml:"policy"` // pass, fixed, list
	Number  string   `koanf:"number" yaml:"number"`
	Name    string   `koanf:"name" yaml:"name"`
	Allowed []string `koanf:"allowed" yaml:"allowed"`
}

// NumberRule is one change of a number.
type NumberRule struct {
	Prefix              string  `koanf:"prefix" yaml:"prefix"`
	Pattern             string  `koanf:"pattern" yaml:"pattern"`
	Any                 bool    `koanf:"any" yaml:"any"`
	Replace             string  `koanf:"replace" yaml:"replace"`
	To                  string  `koanf:"to" yaml:"to"`
	Country             string  `koanf:"country" yaml:"country"`
	NationalPrefix      *string `koanf:"national_prefix" yaml:"national_prefix"`
	InternationalPrefix string  `koanf:"international_prefix" yaml:"international_prefix"`
	Last                bool    `koanf:"last" yaml:"last"`
}

// TrunkGroup is trunks that stand in for one another.
type TrunkGroup struct {
	Name    string        `koanf:"name" yaml:"name"`
	Members []TrunkMember `koanf:"members" yaml:"members"`
	Retry   TrunkRetry    `koanf:"retry" yaml:"retry"`
}

// TrunkMember is a trunk's place in a group.
type TrunkMember struct {
	Trunk    string `koanf:"trunk" yaml:"trunk"`
	Priority int    `koanf:"priority" yaml:"priority"`
	Weight   int    `koanf:"weight" yaml:"weight"`
}

// TrunkRetry says when another member of a group is tried; what is not set is usual.
type TrunkRetry struct {
	Patience      *time.Duration `koanf:"patience" yaml:"patience"`
	Statuses      []int          `koanf:"statuses" yaml:"statuses"`
	MaxRetryAfter *time.Duration `koanf:"max_retry_after" yaml:"max_retry_after"`
	HoldOff       *time.Duration `koanf:"hold_off" yaml:"hold_off"`
	Attempts      int            `koanf:"attempts" yaml:"attempts"`
}
