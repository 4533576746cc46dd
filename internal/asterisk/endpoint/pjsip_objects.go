package endpoint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

func defaultAuth(name string) Auth { return Auth{Name: name, NonceLifetime: 32 * time.Second} }

// pjsipAuth's options; auth_type is not needed, what is there is used.
var pjsipAuth = option.Table[Auth]{
	Name: "an auth",
	Rows: option.Rows[Auth]{
		"auth_type":      authType,
		"md5_cred":       func(a *Auth, v string) error { return a.addDigest("MD5", v) },
		"nonce_lifetime": option.Duration(func(a *Auth) *time.Duration { return &a.NonceLifetime }, time.Second),
		"password":       option.Text(func(a *Auth) *string { return &a.Password }),
		"password_digest": func(a *Auth, v string) error {
			algorithm, hash, ok := strings.Cut(v, ":")
			if !ok {
				return fmt.Errorf("it is not algorithm:hash")
			}
			return a.addDigest(algorithm, hash)
		},
		"realm":                    option.Text(func(a *Auth) *string { return &a.Realm }),
		"supported_algorithms_uas": digestNames(func(a *Auth) *[]string { return &a.Offered }),
		"username":                 option.Text(func(a *Auth) *string { return &a.Username }),
	},
	Inert: option.Words(`oauth_clientid oauth_secret refresh_token supported_algorithms_uac`),
	Idle:  option.Words(`nonce_lifetime`),
}

func authType(_ *Auth, v string) error {
	switch strings.ToLower(v) {
	case "userpass", "md5", "digest":
		return nil
	}
	return fmt.Errorf("%q is none of digest, userpass, md5", v)
}

// digestSizes are the lengths of the hashes in hexadecimal.
var digestSizes = map[string]int{"MD5": 32, "SHA-256": 64, "SHA-512-256": 64}

// digestNames reads the algorithms of digests, in the order in which they are offered.
func digestNames[T any](field func(*T) *[]string) func(*T, string) error {
	return func(t *T, v string) error {
		var names []string
		for _, name := range option.Split(strings.ToUpper(v)) {
			if _, ok := digestSizes[name]; !ok {
				return fmt.Errorf("algorithm %q is none of MD5, SHA-256, SHA-512-256", name)
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		*field(t) = names
		return nil
	}
}

// addDigest keeps a hash. Its errors do not show it.
func (a *Auth) addDigest(algorithm, hash string) error {
	algorithm = strings.ToUpper(strings.TrimSpace(algorithm))
	size, ok := digestSizes[algorithm]
	if !ok {
		return fmt.Errorf("algorithm %q is none of MD5, SHA-256, SHA-512-256", algorithm)
	}
	hash = strings.ToLower(strings.TrimSpace(hash))
	if len(hash) != size || strings.Trim(hash, "0123456789abcdef") != "" {
		return fmt.Errorf("the hash is not %d hexadecimal digits", size)
	}
	a.Digests = append(a.Digests, Digest{algorithm, hash})
	return nil
}

func defaultAOR(name string) AOR {
	return AOR{
		Name: name, MinExpiration: time.Minute, MaxExpiration: 2 * time.Hour, DefaultExpiration: time.Hour,
		QualifyTimeout: 3 * time.Second,
	}
}

var pjsipAOR = option.Table[AOR]{
	Name: "an aor",
	Rows: option.Rows[AOR]{
		"authenticate_qualify": option.Bool(func(a *AOR) *bool { return &a.AuthenticateQualify }),
		"contact":              option.More(func(a *AOR) *[]string { return &a.Contacts }),
		"default_expiration":   option.Duration(func(a *AOR) *time.Duration { return &a.DefaultExpiration }, time.Second),
		"mailboxes":            option.List(func(a *AOR) *[]string { return &a.Mailboxes }),
		"max_contacts":         option.Number(func(a *AOR) *int { return &a.MaxContacts }, 0, 1<<20),
		"maximum_expiration":   option.Duration(func(a *AOR) *time.Duration { return &a.MaxExpiration }, time.Second),
		"minimum_expiration":   option.Duration(func(a *AOR) *time.Duration { return &a.MinExpiration }, time.Second),
		"outbound_proxy":       option.Text(func(a *AOR) *string { return &a.OutboundProxy }),
		"qualify_2xx_only":     option.Bool(func(a *AOR) *bool { return &a.Qualify2xxOnly }),
		"qualify_frequency":    option.Duration(func(a *AOR) *time.Duration { return &a.QualifyFrequency }, time.Second),
		"qualify_timeout":      option.Duration(func(a *AOR) *time.Duration { return &a.QualifyTimeout }, time.Second),
		"remove_existing":      option.Bool(func(a *AOR) *bool { return &a.RemoveExisting }),
		"remove_unavailable":   option.Bool(func(a *AOR) *bool { return &a.RemoveUnavailable }),
		"support_path":         option.Bool(func(a *AOR) *bool { return &a.SupportPath }),
	},
	Inert: option.Words(`voicemail_extension`),
	Idle:  option.Words(`authenticate_qualify mailboxes`),
}

// identify is a type=identify section before it is joined to its endpoint.
type identify struct {
	endpoint string
	match    []string
	marks    []Mark
	srv      bool
}

var pjsipIdentify = option.Table[identify]{
	Name: "an identify",
	Rows: option.Rows[identify]{
		"endpoint":          option.Text(func(i *identify) *string { return &i.endpoint }),
		"match":             option.More(func(i *identify) *[]string { return &i.match }),
		"match_header":      func(i *identify, v string) error { return i.mark(ParseHeaderMark(v)) },
		"match_request_uri": func(i *identify, v string) error { return i.mark(ParseURIMark(v)) },
		"srv_lookups":       option.Bool(func(i *identify) *bool { return &i.srv }),
	},
}

func (i *identify) mark(m Mark, err error) error {
	if err == nil {
		i.marks = append(i.marks, m)
	}
	return err
}

// defaultRegistration has chan_pjsip's defaults, but for MaxRetries, 10 there: a trunk comes
// back after any outage, unless its file says when it does not.
func defaultRegistration(name string) Registration {
	return Registration{
		Name: name, ContactUser: "s", Expiration: time.Hour, RetryInterval: time.Minute, AuthRejectionPermanent: true,
	}
}

var pjsipRegistration = option.Table[Registration]{
	Name: "a registration",
	Rows: option.Rows[Registration]{
		"auth_rejection_permanent": option.Bool(func(r *Registration) *bool { return &r.AuthRejectionPermanent }),
		"client_uri":               option.Text(func(r *Registration) *string { return &r.ClientURI }),
		"contact_user":             option.Text(func(r *Registration) *string { return &r.ContactUser }),
		"endpoint":                 option.Text(func(r *Registration) *string { return &r.Endpoint }),
		"expiration":               option.Duration(func(r *Registration) *time.Duration { return &r.Expiration }, time.Second),
		"fatal_retry_interval":     option.Duration(func(r *Registration) *time.Duration { return &r.FatalRetryInterval }, time.Second),
		"forbidden_retry_interval": option.Duration(func(r *Registration) *time.Duration { return &r.ForbiddenRetryInterval }, time.Second),
		"line":                     option.Bool(func(r *Registration) *bool { return &r.LineParameter }),
		"max_retries":              option.Number(func(r *Registration) *int { return &r.MaxRetries }, 0, 1<<30),
		"outbound_auth":            nil, // resolved by the loader
		"outbound_proxy":           option.Text(func(r *Registration) *string { return &r.OutboundProxy }),
		"retry_interval":           option.Duration(func(r *Registration) *time.Duration { return &r.RetryInterval }, time.Second),
		"server_uri":               option.Text(func(r *Registration) *string { return &r.ServerURI }),
		"support_path":             option.Bool(func(r *Registration) *bool { return &r.SupportPath }),
		"transport":                option.Text(func(r *Registration) *string { return &r.Transport }),
		"user_agent":               option.Text(func(r *Registration) *string { return &r.UserAgent }),
	},
	Inert: option.Words(`contact_header_params max_random_initial_delay security_mechanisms security_negotiation support_outbound`),
	Idle:  option.Words(`support_path user_agent`),
}

// transportReader is a Transport whose bind is still text: its port depends on the protocol.
type transportReader struct {
	Transport
	bind string
}

var protocols = []string{"udp", "tcp", "tls", "ws", "wss", "flow"}

var pjsipTransport = option.Table[transportReader]{
	Name: "a transport",
	Rows: option.Rows[transportReader]{
		"allow_reload":               option.Bool(func(t *transportReader) *bool { return &t.AllowReload }),
		"bind":                       option.Text(func(t *transportReader) *string { return &t.bind }),
		"ca_list_file":               option.Text(func(t *transportReader) *string { return &t.CAFile }),
		"ca_list_path":               option.Text(func(t *transportReader) *string { return &t.CAPath }),
		"cert_file":                  option.Text(func(t *transportReader) *string { return &t.CertFile }),
		"cipher":                     option.Text(func(t *transportReader) *string { return &t.Cipher }),
		"domain":                     option.Text(func(t *transportReader) *string { return &t.Domain }),
		"external_media_address":     option.Text(func(t *transportReader) *string { return &t.ExternalMedia }),
		"external_signaling_address": option.Text(func(t *transportReader) *string { return &t.ExternalSignaling }),
		"external_signaling_port":    option.Number(func(t *transportReader) *int { return &t.ExternalPort }, 0, 65535),
		"local_net":                  option.Prefixes(func(t *transportReader) *[]netip.Prefix { return &t.LocalNet }),
		"method": option.OneOf(func(t *transportReader) *string { return &t.Method },
			"default", "unspecified", "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3", "sslv2", "sslv23", "sslv3"),
		"priv_key_file":           option.Text(func(t *transportReader) *string { return &t.PrivKeyFile }),
		"protocol":                option.OneOf(func(t *transportReader) *string { return &t.Protocol }, protocols...),
		"require_client_cert":     option.Bool(func(t *transportReader) *bool { return &t.RequireClientCert }),
		"symmetric_transport":     option.Bool(func(t *transportReader) *bool { return &t.Symmetric }),
		"tos":                     option.Text(func(t *transportReader) *string { return &t.TOS }),
		"verify_client":           option.Bool(func(t *transportReader) *bool { return &t.VerifyClient }),
		"verify_server":           option.Bool(func(t *transportReader) *bool { return &t.VerifyServer }),
		"websocket_write_timeout": option.Duration(func(t *transportReader) *time.Duration { return &t.WebSocketWriteLimit }, time.Millisecond),
	},
	Inert: option.Words(`allow_wildcard_certs async_operations cos password tcp_keepalive_enable
		tcp_keepalive_idle_time tcp_keepalive_interval_time tcp_keepalive_probe_count`),
	Idle: option.Words(`allow_reload domain tos websocket_write_timeout`),
}

func defaultGlobal() Global {
	return Global{
		Realm: "asterisk", FromUser: "asterisk", MaxForwards: 70, KeepAlive: 90 * time.Second,
		TimerT1: 500 * time.Millisecond, TimerB: 32 * time.Second, OutboundName: "default_outbound_endpoint",
		IdentifierOrder: []string{"ip", "username", "anonymous"},
	}
}

var pjsipGlobal = option.Table[Global]{
	Name: "the global section",
	Rows: option.Rows[Global]{
		"debug":                       option.Text(func(g *Global) *string { return &g.Debug }),
		"default_auth_algorithms_uas": digestNames(func(g *Global) *[]string { return &g.Algorithms }),
		"default_from_user":           option.Text(func(g *Global) *string { return &g.FromUser }),
		"default_outbound_endpoint":   option.Text(func(g *Global) *string { return &g.OutboundName }),
		"default_realm":               func(g *Global, v string) error { return g.setRealm(v) },
		"endpoint_identifier_order":   option.List(func(g *Global) *[]string { return &g.IdentifierOrder }),
		"ignore_uri_user_options":     option.Bool(func(g *Global) *bool { return &g.BareUsers }),
		"keep_alive_interval":         option.Duration(func(g *Global) *time.Duration { return &g.KeepAlive }, time.Second),
		"max_forwards":                option.Number(func(g *Global) *int { return &g.MaxForwards }, 1, 255),
		"regcontext":                  option.Text(func(g *Global) *string { return &g.RegContext }),
		"user_agent":                  func(g *Global, v string) error { return g.setUserAgent(v) },
	},
	Inert: option.Words(`all_codecs_on_empty_reinvite allow_sending_180_after_183 contact_expiration_check_interval
		default_auth_algorithms_uac default_voicemail_extension disable_multi_domain
		max_initial_qualify_time mwi_disable_initial_unsolicited mwi_tps_queue_high
		mwi_tps_queue_low norefersub send_contact_status_on_update_registration taskprocessor_overload_trigger
		unidentified_request_count unidentified_request_period unidentified_request_prune_interval use_callerid_contact`),
	Idle: option.Words(`debug default_from_user default_outbound_endpoint max_forwards regcontext`),
}

var pjsipSystem = option.Table[Global]{
	Name: "the system section",
	Rows: option.Rows[Global]{
		"disable_tcp_switch": option.Bool(func(g *Global) *bool { return &g.DisableTCPSwitch }),
		"timer_b":            option.Duration(func(g *Global) *time.Duration { return &g.TimerB }, time.Millisecond),
		"timer_t1":           func(g *Global, v string) error { return g.setT1(v) },
	},
	Inert: option.Words(`accept_multiple_sdp_answers compact_headers disable_rport follow_early_media_fork
		taskpool_auto_increment taskpool_idle_timeout taskpool_initial_size taskpool_max_size taskpool_minimum_size
		threadpool_auto_increment threadpool_idle_timeout threadpool_initial_size threadpool_max_size`),
	Idle: option.Words(`timer_b`),
}

// lists are a section of type acl.
type lists struct{ source, contact acl.ACL }

var pjsipACL = option.Table[lists]{
	Name: "an acl",
	Rows: option.Rows[lists]{
		"acl":            acl.Names(func(l *lists) *acl.ACL { return &l.source }),
		"deny":           acl.Rules(func(l *lists) *acl.ACL { return &l.source }, false),
		"permit":         acl.Rules(func(l *lists) *acl.ACL { return &l.source }, true),
		"contact_acl":    acl.Names(func(l *lists) *acl.ACL { return &l.contact }),
		"contact_deny":   acl.Rules(func(l *lists) *acl.ACL { return &l.contact }, false),
		"contact_permit": acl.Rules(func(l *lists) *acl.ACL { return &l.contact }, true),
	},
}
