package endpoint

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// sipShared are the options that [general] gives a default for and a peer overrides.
var sipShared = option.Rows[sipReader]{
	"allow":                allow(func(r *sipReader) *[]string { return &r.Codecs }),
	"disallow":             disallow(func(r *sipReader) *[]string { return &r.Codecs }),
	"context":              option.Text(func(r *sipReader) *string { return &r.Context }),
	"directmedia":          directMedia,
	"canreinvite":          directMedia,
	"dtmfmode":             sipDTMF,
	"nat":                  nat,
	"qualify":              qualify,
	"qualifyfreq":          option.Duration(func(r *sipReader) *time.Duration { return &r.qualifyEvery }, time.Second),
	"rtptimeout":           option.Duration(func(r *sipReader) *time.Duration { return &r.RTPTimeout }, time.Second),
	"rtpholdtimeout":       option.Duration(func(r *sipReader) *time.Duration { return &r.RTPTimeoutHold }, time.Second),
	"rtpkeepalive":         option.Duration(func(r *sipReader) *time.Duration { return &r.RTPKeepalive }, time.Second),
	"language":             option.Text(func(r *sipReader) *string { return &r.Language }),
	"mohsuggest":           option.Text(func(r *sipReader) *string { return &r.MOHSuggest }),
	"trust_id_outbound":    trustOutbound,
	"callingpres":          option.OneOf(func(r *sipReader) *string { return &r.CallerPrivacy }, privacyNames...),
	"trustrpid":            option.Bool(func(r *sipReader) *bool { return &r.TrustIDInbound }),
	"sendrpid":             sendRPID,
	"fromdomain":           option.Text(func(r *sipReader) *string { return &r.FromDomain }),
	"encryption":           encryption,
	"encryption_taglen":    tagLength,
	"avpf":                 option.Bool(func(r *sipReader) *bool { return &r.AVPF }),
	"force_avp":            option.Bool(func(r *sipReader) *bool { return &r.ForceAVP }),
	"icesupport":           option.Bool(func(r *sipReader) *bool { return &r.ICE }),
	"rtcp_mux":             option.Bool(func(r *sipReader) *bool { return &r.RTCPMux }),
	"dtlsenable":           dtlsEnable,
	"dtlsverify":           option.OneOf(func(r *sipReader) *string { return &r.DTLS.Verify }, "fingerprint", "certificate", "yes", "no"),
	"dtlscertfile":         option.Text(func(r *sipReader) *string { return &r.DTLS.CertFile }),
	"dtlsprivatekey":       option.Text(func(r *sipReader) *string { return &r.DTLS.PrivateKey }),
	"dtlscafile":           option.Text(func(r *sipReader) *string { return &r.DTLS.CAFile }),
	"dtlscapath":           option.Text(func(r *sipReader) *string { return &r.DTLS.CAPath }),
	"dtlscipher":           option.Text(func(r *sipReader) *string { return &r.DTLS.Cipher }),
	"dtlsfingerprint":      option.OneOf(func(r *sipReader) *string { return &r.DTLS.Fingerprint }, "SHA-256", "SHA-1"),
	"dtlssetup":            option.OneOf(func(r *sipReader) *string { return &r.DTLS.Setup }, "active", "passive", "actpass"),
	"transport":            option.List(func(r *sipReader) *[]string { return &r.transports }),
	"outboundproxy":        option.Text(func(r *sipReader) *string { return &r.OutboundProxy }),
	"videosupport":         videoSupport,
	"t38pt_udptl":          t38,
	"faxdetect":            sipFaxDetect,
	"allowtransfer":        option.Bool(func(r *sipReader) *bool { return &r.AllowTransfer }),
	"allowsubscribe":       option.Bool(func(r *sipReader) *bool { return &r.AllowSubscribe }),
	"allowoverlap":         func(r *sipReader, v string) error { r.AllowOverlap = !asterisk.False(v); return nil },
	"subscribecontext":     option.Text(func(r *sipReader) *string { return &r.SubscribeContext }),
	"usereqphone":          option.Bool(func(r *sipReader) *bool { return &r.UserEqPhone }),
	"preferred_codec_only": option.Bool(func(r *sipReader) *bool { return &r.PreferredOnly }),
	"promiscredir":         promiscRedirect,
	"progressinband":       func(r *sipReader, v string) error { r.InbandProgress = asterisk.True(v); return nil },
	"session-timers":       sessionTimers,
	"session-expires":      option.Duration(func(r *sipReader) *time.Duration { return &r.SessionExpires }, time.Second),
	"session-refresher":    option.OneOf(func(r *sipReader) *string { return &r.Refresher }, "uac", "uas"),
	"session-minse":        option.Duration(func(r *sipReader) *time.Duration { return &r.MinSE }, time.Second),
	"insecure":             insecure,
	"media_address":        option.Text(func(r *sipReader) *string { return &r.MediaAddress }),
}

// sipSharedInert are known options of both without an effect here.
var sipSharedInert = option.Words(`amaflags buggymwi busylevel_notify constantssrc disallowed_methods g726nonstandard
	ignoresdpversion maxcallbitrate maxforwards moh mohinterpret musicclass musiconhold parkinglot
	recordonfeature recordofffeature rfc2833compensate rpid_immediate rpid_update
	shrinkcallerid snom_aoc_enabled supportpath t38pt_usertpsource textsupport timerb tonezone
	use_q850_reason autoframing discard_remote_hold_retrieval
	ignore_requested_pref sendoptions hidepresence legacy_useroption_parsing websocket_enabled`)

// sipSharedIdle are read of both, and nothing is done with them.
var sipSharedIdle = option.Words(`allowoverlap allowsubscribe force_avp preferred_codec_only progressinband subscribecontext`)

var sipPeer = option.Table[sipReader]{
	Name: "a peer of sip.conf",
	Rows: option.Merge(option.Rows[sipReader]{
		"acl":               acl.Names(func(r *sipReader) *acl.ACL { return &r.ACL }),
		"contactacl":        acl.Names(func(r *sipReader) *acl.ACL { return &r.ContactACL }),
		"contactpermit":     acl.Rules(func(r *sipReader) *acl.ACL { return &r.ContactACL }, true),
		"contactdeny":       acl.Rules(func(r *sipReader) *acl.ACL { return &r.ContactACL }, false),
		"directmediaacl":    nil, // read by peer, which keeps the audio here
		"directmediapermit": nil,
		"directmediadeny":   nil,
		"accountcode":       option.Text(func(r *sipReader) *string { return &r.AccountCode }),
		"busylevel":         option.Number(func(r *sipReader) *int { return &r.BusyAt }, 0, 1<<20),
		"call-limit":        option.Number(func(r *sipReader) *int { return &r.CallLimit }, 0, 1<<20),
		"callerid":          func(r *sipReader, v string) error { return callerID(&r.Endpoint, v) },
		"cid_tag":           option.Text(func(r *sipReader) *string { return &r.CallerTag }),
		"cid_number":        option.Text(func(r *sipReader) *string { return &r.CallerNumber }),
		"fullname":          option.Text(func(r *sipReader) *string { return &r.CallerName }),
		"callgroup":         option.Text(func(r *sipReader) *string { return &r.CallGroup }),
		"pickupgroup":       option.Text(func(r *sipReader) *string { return &r.PickupGroup }),
		"namedcallgroup":    option.List(func(r *sipReader) *[]string { return &r.NamedCall }),
		"namedpickupgroup":  option.List(func(r *sipReader) *[]string { return &r.NamedPickup }),
		"defaultuser":       option.Text(func(r *sipReader) *string { return &r.defaultUser }),
		"username":          option.Text(func(r *sipReader) *string { return &r.defaultUser }),
		"fromuser":          option.Text(func(r *sipReader) *string { return &r.FromUser }),
		"host":              func(r *sipReader, v string) error { r.host = strings.ToLower(v); return nil },
		"port":              option.Number(func(r *sipReader) *int { return &r.port }, 0, 65535),
		"mailbox":           option.List(func(r *sipReader) *[]string { return &r.Mailboxes }),
		"md5secret":         option.Text(func(r *sipReader) *string { return &r.md5 }),
		"secret":            option.Text(func(r *sipReader) *string { return &r.secret }),
		"remotesecret":      option.Text(func(r *sipReader) *string { return &r.remoteSecret }),
		"permit":            acl.Rules(func(r *sipReader) *acl.ACL { return &r.ACL }, true),
		"deny":              acl.Rules(func(r *sipReader) *acl.ACL { return &r.ACL }, false),
		"setvar":            variable(func(r *sipReader) *[]Variable { return &r.SetVars }),
	}, sipShared),
	Inert: append(option.Words(`auth callbackextension callcounter cc_agent_policy deferdtmf defaultip description
		dynamic keepalive lastms outofcall_message_context regexten regserver subscribemwi timert1 unsolicited_mailbox
		useclientcode vmexten`), sipSharedInert...),
	Idle: append(option.Words(`mailbox`), sipSharedIdle...),
}

var sipGeneral = option.Table[sipReader]{
	Name: "[general] of sip.conf",
	Rows: option.Merge(option.Rows[sipReader]{
		"contactacl":          acl.Names(func(r *sipReader) *acl.ACL { return &r.contacts }),
		"contactpermit":       acl.Rules(func(r *sipReader) *acl.ACL { return &r.contacts }, true),
		"contactdeny":         acl.Rules(func(r *sipReader) *acl.ACL { return &r.contacts }, false),
		"allowguest":          option.Bool(func(r *sipReader) *bool { return &r.global.AllowGuest }),
		"bindaddr":            bindAddr,
		"udpbindaddr":         bindAddr,
		"bindport":            option.Number(func(r *sipReader) *int { return &r.bindPort }, 0, 65535),
		"tcpenable":           option.Bool(func(r *sipReader) *bool { return &r.tcp }),
		"tcpbindaddr":         option.Text(func(r *sipReader) *string { return &r.tcpBind }),
		"tlsenable":           option.Bool(func(r *sipReader) *bool { return &r.tls }),
		"tlsbindaddr":         option.Text(func(r *sipReader) *string { return &r.tlsBind }),
		"tlscertfile":         option.Text(func(r *sipReader) *string { return &r.cert }),
		"tlsprivatekey":       option.Text(func(r *sipReader) *string { return &r.key }),
		"tlscafile":           option.Text(func(r *sipReader) *string { return &r.caFile }),
		"tlscadir":            option.Text(func(r *sipReader) *string { return &r.caPath }),
		"tlsdontverifyserver": func(r *sipReader, v string) error { r.tlsVerify = asterisk.False(v); return nil },
		"externaddr":          option.Text(func(r *sipReader) *string { return &r.external }),
		"externip":            option.Text(func(r *sipReader) *string { return &r.external }),
		"externhost":          option.Text(func(r *sipReader) *string { return &r.external }),
		"localnet":            option.Prefixes(func(r *sipReader) *[]netip.Prefix { return &r.localNet }),
		"realm":               func(r *sipReader, v string) error { return r.global.setRealm(v) },
		"send_diversion":      option.Bool(func(r *sipReader) *bool { return &r.SendDiversion }),
		"timert1":             func(r *sipReader, v string) error { return r.global.setT1(v) },
		"useragent":           func(r *sipReader, v string) error { return r.global.setUserAgent(v) },
		"callerid":            option.Text(func(r *sipReader) *string { return &r.global.FromUser }),
		"regcontext":          option.Text(func(r *sipReader) *string { return &r.global.RegContext }),
		"maxexpiry":           option.Duration(func(r *sipReader) *time.Duration { return &r.aor.MaxExpiration }, time.Second),
		"minexpiry":           option.Duration(func(r *sipReader) *time.Duration { return &r.aor.MinExpiration }, time.Second),
		"defaultexpiry": func(r *sipReader, v string) error {
			err := option.Duration(func(r *sipReader) *time.Duration { return &r.aor.DefaultExpiration }, time.Second)(r, v)
			r.registerBy = r.aor.DefaultExpiration
			return err
		},
		"registertimeout":  option.Duration(func(r *sipReader) *time.Duration { return &r.registerWait }, time.Second),
		"registerattempts": option.Number(func(r *sipReader) *int { return &r.registerMax }, 0, 1<<30),
		"register":         func(*sipReader, string) error { return nil }, // read by FromSIP
		"tos_sip":          option.Text(func(r *sipReader) *string { return &r.tos }),
	}, sipShared),
	Inert: append(option.Words(`accept_outofcall_message allowexternaldomains alwaysauthreject auth_message_requests
		auth_options_requests autocreatepeer autodomain callevents checkmwi compactheaders cos_audio cos_sip cos_text cos_video domain domainsasrealm dumphistory dynamic_exclude_static
		externrefresh externtcpport externtlsport fromdomainport ignoreregexpire jbenable jbforce jbimpl
		jblog jbmaxsize jbresyncthreshold jbtargetextra match_auth_username maxcallbitrate mwi mwi_from mwiexpiry
		mwi_expiry notifycid notifyhold notifyringing notifymimetype outofcall_message_context pedantic prematuremedia
		qualifygap qualifypeers recordhistory relaxdtmf refer_addheaders regextenonqualify rtautoclear rtcachefriends
		rtsavepath rtsavesysname rtupdate sdpowner sdpsession sipdebug srvlookup stopmedia
		storesipcause store_sip_cause subscribe_network_change_event t1min tcpauthlimit tcpauthtimeout tlscipher
		tlsclientmethod tos_audio tos_text tos_video vmexten websocket_write_timeout callcounter counteronpeer
		limitonpeers tlsclientcert`), sipSharedInert...),
	Idle: append(option.Words(`allowguest callerid regcontext tos_sip`), sipSharedIdle...),
}

func bindAddr(r *sipReader, v string) error {
	ap, err := option.ParseBind(v, uint16(r.bindPort))
	if err != nil {
		return err
	}
	r.bindAddr, r.bindPort = ap.Addr().String(), int(ap.Port())
	return nil
}

// directMedia is yes, no, or a list of words that say how. outgoing leaves the first move to
// who calls.
func directMedia(r *sipReader, v string) error {
	allowed, method, glare, notByNAT := true, "invite", "none", false
	for _, word := range option.Split(strings.ToLower(v)) {
		switch word {
		case "nonat":
			notByNAT = true
		case "update":
			method = "update"
		case "outgoing":
			glare = "incoming"
		default:
			b, err := option.ParseBool(word)
			if err != nil {
				return err
			}
			allowed = b
		}
	}
	r.DirectMedia, r.DirectMethod, r.DirectGlare, r.DirectNotByNAT = allowed, method, glare, notByNAT
	return nil
}

// sipDTMF takes chan_sip's names of the modes, and pjsip.conf's.
func sipDTMF(r *sipReader, v string) error {
	switch strings.ToLower(v) {
	case "rfc2833", "rfc4733":
		r.DTMFMode = DTMFRFC4733
	case "info", "shortinfo":
		r.DTMFMode = DTMFInfo
	case "inband":
		r.DTMFMode = DTMFInband
	case "auto":
		r.DTMFMode = DTMFAuto
	default:
		return fmt.Errorf("%q is none of rfc2833, info, shortinfo, inband, auto", v)
	}
	return nil
}

// nat is a list of force_rport, comedia and their auto_ forms, or yes or no.
func nat(r *sipReader, v string) error {
	rport, comedia := false, false
	for _, word := range option.Split(strings.ToLower(v)) {
		switch word {
		case "force_rport", "auto_force_rport":
			rport = true
		case "comedia", "auto_comedia":
			comedia = true
		case "route", "never":
		default:
			b, err := option.ParseBool(word)
			if err != nil {
				return fmt.Errorf("%q is none of no, yes, force_rport, comedia, auto_force_rport, auto_comedia", word)
			}
			rport, comedia = b, b
		}
	}
	r.ForceRport, r.RewriteContact, r.RTPSymmetric = rport, rport, comedia
	return nil
}

// qualify is yes (2 s), no, or how many milliseconds an answer may take.
func qualify(r *sipReader, v string) error {
	switch {
	case asterisk.False(v):
		r.qualify = 0
		return nil
	case strings.EqualFold(v, "yes"), strings.EqualFold(v, "true"), strings.EqualFold(v, "on"):
		r.qualify = 2 * time.Second
		return nil
	}
	return option.Duration(func(r *sipReader) *time.Duration { return &r.qualify }, time.Millisecond)(r, v)
}

func sendRPID(r *sipReader, v string) error {
	switch {
	case strings.EqualFold(v, "pai"):
		r.SendPAI, r.SendRPID = true, false
	case strings.EqualFold(v, "rpid"), asterisk.True(v):
		r.SendPAI, r.SendRPID = false, true
	case asterisk.False(v):
		r.SendPAI, r.SendRPID = false, false
	default:
		return fmt.Errorf("%q is none of no, yes, pai, rpid", v)
	}
	return nil
}

// trustOutbound is yes or no; legacy is what chan_sip did before it knew the option: names
// that are private were sent, marked so.
func trustOutbound(r *sipReader, v string) error {
	if strings.EqualFold(v, "legacy") {
		r.TrustIDOutbound = true
		return nil
	}
	b, err := option.ParseBool(v)
	if err == nil {
		r.TrustIDOutbound = b
	}
	return err
}

func encryption(r *sipReader, v string) error {
	b, err := option.ParseBool(v)
	switch {
	case err != nil:
		return err
	case !b:
		r.MediaEncryption = EncryptionNone
	case r.MediaEncryption != EncryptionDTLS:
		r.MediaEncryption = EncryptionSDES
	}
	return nil
}

func tagLength(r *sipReader, v string) error {
	switch v {
	case "80", "32":
		r.SRTPTag32 = v == "32"
		return nil
	}
	return fmt.Errorf("%q is none of 80, 32", v)
}

func dtlsEnable(r *sipReader, v string) error {
	b, err := option.ParseBool(v)
	if err == nil && b {
		r.MediaEncryption = EncryptionDTLS
	}
	return err
}

func videoSupport(r *sipReader, v string) error {
	r.videoSupport = !asterisk.False(v)
	return nil
}

func t38(r *sipReader, v string) error {
	first := option.Split(v)
	r.T38 = len(first) > 0 && !asterisk.False(first[0])
	for _, word := range first {
		if n, ok := strings.CutPrefix(strings.ToLower(word), "maxdatagram="); ok {
			return option.Number(func(r *sipReader) *int { return &r.T38MaxDatagram }, 0, 1<<16)(r, n)
		}
	}
	return nil
}

// sipFaxDetect reads yes, no, or by which signs a facsimile is known.
func sipFaxDetect(r *sipReader, v string) error {
	if faxDetect(&r.Endpoint, v) == nil {
		return nil
	}
	tone, asks := false, false
	for _, word := range option.Split(v) {
		switch strings.ToLower(word) {
		case "cng":
			tone = true
		case "t38":
			asks = true
		default:
			return fmt.Errorf("%q is none of yes, no, cng, t38", word)
		}
	}
	r.FaxTone, r.FaxAsks = tone, asks
	return nil
}

func sessionTimers(r *sipReader, v string) error {
	switch strings.ToLower(v) {
	case "originate":
		r.Timers = TimersAlways
	case "accept":
		r.Timers = TimersYes
	case "refuse":
		r.Timers = TimersNo
	default:
		return fmt.Errorf("%q is none of accept, originate, refuse", v)
	}
	return nil
}

func insecure(r *sipReader, v string) error {
	for _, word := range option.Split(strings.ToLower(v)) {
		switch word {
		case "port":
			r.insecurePort = true
		case "invite":
			r.InsecureInvite = true
		case "very", "yes":
			r.insecurePort, r.InsecureInvite = true, true
		case "no":
			r.insecurePort, r.InsecureInvite = false, false
		default:
			return fmt.Errorf("%q is none of port, invite, no", word)
		}
	}
	return nil
}

// promiscRedirect takes what is so: a 3xx is followed by its user part, whatever its host.
func promiscRedirect(_ *sipReader, v string) error {
	if asterisk.True(v) {
		return fmt.Errorf("the host of a 3xx is not called: a phone's is followed by its user part, as an extension of its context")
	}
	return nil
}
