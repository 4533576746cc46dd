package endpoint

import (
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// defaultEndpoint has chan_pjsip's defaults.
func defaultEndpoint(name string) Endpoint {
	return Endpoint{
		Name: name, Tech: PJSIP, Context: "default",
		CallerPrivacy: "allowed_not_screened", TrustConnected: true, SendConnected: true, ConnectedMethod: "invite",
		IdentifyBy: []string{"username", "ip"}, MOHSuggest: "default",
		ForceRport: true, FollowForks: true, SendDiversion: true, AllowTransfer: true, AllowSubscribe: true, AllowOverlap: true,
		ReferBlindProgress: true, MinSE: 90 * time.Second, SessionExpires: 1800 * time.Second,
		DirectMedia: true, DirectMethod: "invite", DirectGlare: "none", AudioStreams: 1, VideoStreams: 1,
		DTLS: DTLS{Verify: "no", Setup: "actpass", Fingerprint: "SHA-256"},
	}
}

// faxDetect has a facsimile known by either sign of it.
func faxDetect(e *Endpoint, v string) error {
	b, err := option.ParseBool(v)
	if err == nil {
		e.FaxTone, e.FaxAsks = b, b
	}
	return err
}

var pjsipEndpoint = option.Table[Endpoint]{
	Name: "an endpoint",
	Rows: option.Rows[Endpoint]{
		"acl":                           acl.Names(func(e *Endpoint) *acl.ACL { return &e.ACL }),
		"100rel":                        option.Choice(func(e *Endpoint) *Rel100 { return &e.Rel100 }, rel100Names),
		"accept_multiple_sdp_answers":   option.Bool(func(e *Endpoint) *bool { return &e.ManyAnswers }),
		"accountcode":                   option.Text(func(e *Endpoint) *string { return &e.AccountCode }),
		"allow":                         allow(func(e *Endpoint) *[]string { return &e.Codecs }),
		"allow_overlap":                 option.Bool(func(e *Endpoint) *bool { return &e.AllowOverlap }),
		"allow_subscribe":               option.Bool(func(e *Endpoint) *bool { return &e.AllowSubscribe }),
		"allow_transfer":                option.Bool(func(e *Endpoint) *bool { return &e.AllowTransfer }),
		"allow_unauthenticated_options": option.Bool(func(e *Endpoint) *bool { return &e.UnauthenticatedOption }),
		"aors":                          option.List(func(e *Endpoint) *[]string { return &e.AORs }),
		"auth":                          nil, // resolved by the loader
		"outbound_auth":                 nil, // the same
		"bind_rtp_to_media_address":     option.Bool(func(e *Endpoint) *bool { return &e.BindRTPToMedia }),
		"bundle":                        option.Bool(func(e *Endpoint) *bool { return &e.Bundle }),
		"call_group":                    option.Text(func(e *Endpoint) *string { return &e.CallGroup }),
		"callerid":                      callerID,
		"callerid_privacy":              option.OneOf(func(e *Endpoint) *string { return &e.CallerPrivacy }, privacyNames...),
		"callerid_tag":                  option.Text(func(e *Endpoint) *string { return &e.CallerTag }),
		"connected_line_method":         option.OneOf(func(e *Endpoint) *string { return &e.ConnectedMethod }, "invite", "reinvite", "update"),
		"contact_acl":                   acl.Names(func(e *Endpoint) *acl.ACL { return &e.ContactACL }),
		"contact_deny":                  acl.Rules(func(e *Endpoint) *acl.ACL { return &e.ContactACL }, false),
		"contact_permit":                acl.Rules(func(e *Endpoint) *acl.ACL { return &e.ContactACL }, true),
		"contact_user":                  option.Text(func(e *Endpoint) *string { return &e.ContactUser }),
		"context":                       option.Text(func(e *Endpoint) *string { return &e.Context }),
		"deny":                          acl.Rules(func(e *Endpoint) *acl.ACL { return &e.ACL }, false),
		"device_state_busy_at":          option.Number(func(e *Endpoint) *int { return &e.BusyAt }, 0, 1<<20),
		"direct_media":                  option.Bool(func(e *Endpoint) *bool { return &e.DirectMedia }),
		"direct_media_glare_mitigation": option.OneOf(func(e *Endpoint) *string { return &e.DirectGlare }, "none", "outgoing", "incoming"),
		"direct_media_method":           option.OneOf(func(e *Endpoint) *string { return &e.DirectMethod }, "invite", "reinvite", "update"),
		"disable_direct_media_on_nat":   option.Bool(func(e *Endpoint) *bool { return &e.DirectNotByNAT }),
		"disallow":                      disallow(func(e *Endpoint) *[]string { return &e.Codecs }),
		"dtls_auto_generate_cert":       option.Bool(func(e *Endpoint) *bool { return &e.DTLS.AutoGenerate }),
		"dtls_ca_file":                  option.Text(func(e *Endpoint) *string { return &e.DTLS.CAFile }),
		"dtls_ca_path":                  option.Text(func(e *Endpoint) *string { return &e.DTLS.CAPath }),
		"dtls_cert_file":                option.Text(func(e *Endpoint) *string { return &e.DTLS.CertFile }),
		"dtls_cipher":                   option.Text(func(e *Endpoint) *string { return &e.DTLS.Cipher }),
		"dtls_fingerprint":              option.OneOf(func(e *Endpoint) *string { return &e.DTLS.Fingerprint }, "SHA-256", "SHA-1"),
		"dtls_private_key":              option.Text(func(e *Endpoint) *string { return &e.DTLS.PrivateKey }),
		"dtls_setup":                    option.OneOf(func(e *Endpoint) *string { return &e.DTLS.Setup }, "active", "passive", "actpass"),
		"dtls_verify":                   option.OneOf(func(e *Endpoint) *string { return &e.DTLS.Verify }, "fingerprint", "certificate", "both", "yes", "no"),
		"dtmf_mode":                     option.Choice(func(e *Endpoint) *DTMFMode { return &e.DTMFMode }, dtmfNames),
		"fax_detect":                    faxDetect,
		"fax_detect_timeout":            option.Duration(func(e *Endpoint) *time.Duration { return &e.FaxDetectTimeout }, time.Second),
		"follow_early_media_fork":       option.Bool(func(e *Endpoint) *bool { return &e.FollowForks }),
		"force_avp":                     option.Bool(func(e *Endpoint) *bool { return &e.ForceAVP }),
		"force_rport":                   option.Bool(func(e *Endpoint) *bool { return &e.ForceRport }),
		"from_domain":                   option.Text(func(e *Endpoint) *string { return &e.FromDomain }),
		"from_user":                     option.Text(func(e *Endpoint) *string { return &e.FromUser }),
		"ice_support":                   option.Bool(func(e *Endpoint) *bool { return &e.ICE }),
		"identify_by":                   option.List(func(e *Endpoint) *[]string { return &e.IdentifyBy }),
		"inband_progress":               option.Bool(func(e *Endpoint) *bool { return &e.InbandProgress }),
		"language":                      option.Text(func(e *Endpoint) *string { return &e.Language }),
		"mailboxes":                     option.List(func(e *Endpoint) *[]string { return &e.Mailboxes }),
		"max_audio_streams":             option.Number(func(e *Endpoint) *int { return &e.AudioStreams }, 0, 64),
		"max_video_streams":             option.Number(func(e *Endpoint) *int { return &e.VideoStreams }, 0, 64),
		"media_address":                 option.Text(func(e *Endpoint) *string { return &e.MediaAddress }),
		"media_encryption":              option.Choice(func(e *Endpoint) *Encryption { return &e.MediaEncryption }, encryptionNames),
		"media_encryption_optimistic":   option.Bool(func(e *Endpoint) *bool { return &e.OptimisticCrypto }),
		"media_use_received_transport":  option.Bool(func(e *Endpoint) *bool { return &e.ReceivedTransp }),
		"message_context":               option.Text(func(e *Endpoint) *string { return &e.MessageContext }),
		"moh_suggest":                   option.Text(func(e *Endpoint) *string { return &e.MOHSuggest }),
		"named_call_group":              option.List(func(e *Endpoint) *[]string { return &e.NamedCall }),
		"named_pickup_group":            option.List(func(e *Endpoint) *[]string { return &e.NamedPickup }),
		"outbound_proxy":                option.Text(func(e *Endpoint) *string { return &e.OutboundProxy }),
		"permit":                        acl.Rules(func(e *Endpoint) *acl.ACL { return &e.ACL }, true),
		"pickup_group":                  option.Text(func(e *Endpoint) *string { return &e.PickupGroup }),
		"preferred_codec_only":          option.Bool(func(e *Endpoint) *bool { return &e.PreferredOnly }),
		"redirect_method":               redirectMethod,
		"refer_blind_progress":          option.Bool(func(e *Endpoint) *bool { return &e.ReferBlindProgress }),
		"rewrite_contact":               option.Bool(func(e *Endpoint) *bool { return &e.RewriteContact }),
		"rtcp_mux":                      option.Bool(func(e *Endpoint) *bool { return &e.RTCPMux }),
		"rtp_ipv6":                      byFamily,
		"rtp_keepalive":                 option.Duration(func(e *Endpoint) *time.Duration { return &e.RTPKeepalive }, time.Second),
		"rtp_port_end":                  option.Number(func(e *Endpoint) *int { return &e.RTPPortEnd }, 0, 65535),
		"rtp_port_start":                option.Number(func(e *Endpoint) *int { return &e.RTPPortStart }, 0, 65535),
		"rtp_symmetric":                 option.Bool(func(e *Endpoint) *bool { return &e.RTPSymmetric }),
		"rtp_timeout":                   option.Duration(func(e *Endpoint) *time.Duration { return &e.RTPTimeout }, time.Second),
		"rtp_timeout_hold":              option.Duration(func(e *Endpoint) *time.Duration { return &e.RTPTimeoutHold }, time.Second),
		"send_diversion":                option.Bool(func(e *Endpoint) *bool { return &e.SendDiversion }),
		"send_connected_line":           option.Bool(func(e *Endpoint) *bool { return &e.SendConnected }),
		"send_history_info":             option.Bool(func(e *Endpoint) *bool { return &e.SendHistory }),
		"send_pai":                      option.Bool(func(e *Endpoint) *bool { return &e.SendPAI }),
		"send_rpid":                     option.Bool(func(e *Endpoint) *bool { return &e.SendRPID }),
		"set_var":                       variable(func(e *Endpoint) *[]Variable { return &e.SetVars }),
		"srtp_tag_32":                   option.Bool(func(e *Endpoint) *bool { return &e.SRTPTag32 }),
		"subscribe_context":             option.Text(func(e *Endpoint) *string { return &e.SubscribeContext }),
		"suppress_q850_reason_headers":  option.Bool(func(e *Endpoint) *bool { return &e.SuppressQ850 }),
		"t38_udptl":                     option.Bool(func(e *Endpoint) *bool { return &e.T38 }),
		"t38_udptl_ipv6":                byFamily,
		"t38_udptl_maxdatagram":         option.Number(func(e *Endpoint) *int { return &e.T38MaxDatagram }, 0, 1<<16),
		"t38_udptl_nat":                 option.Bool(func(e *Endpoint) *bool { return &e.T38Symmetric }),
		"timers":                        timers,
		"timers_min_se":                 option.Duration(func(e *Endpoint) *time.Duration { return &e.MinSE }, time.Second),
		"timers_sess_expires":           option.Duration(func(e *Endpoint) *time.Duration { return &e.SessionExpires }, time.Second),
		"transport":                     option.Text(func(e *Endpoint) *string { return &e.Transport }),
		"trust_connected_line":          option.Bool(func(e *Endpoint) *bool { return &e.TrustConnected }),
		"trust_id_inbound":              option.Bool(func(e *Endpoint) *bool { return &e.TrustIDInbound }),
		"trust_id_outbound":             option.Bool(func(e *Endpoint) *bool { return &e.TrustIDOutbound }),
		"use_avpf":                      option.Bool(func(e *Endpoint) *bool { return &e.AVPF }),
		"use_ptime":                     option.Bool(func(e *Endpoint) *bool { return &e.UsePtime }),
		"user_eq_phone":                 option.Bool(func(e *Endpoint) *bool { return &e.UserEqPhone }),
		"webrtc":                        option.Bool(func(e *Endpoint) *bool { return &e.WebRTC }),
	},
	Inert: option.Words(`aggregate_mwi asymmetric_rtp_codec
		codec_prefs_incoming_answer codec_prefs_incoming_offer codec_prefs_outgoing_answer codec_prefs_outgoing_offer
		cos_audio cos_video dtls_rekey
		follow_redirect_methods g726_non_standard geoloc_incoming_call_profile geoloc_outgoing_call_profile
		ignore_183_without_sdp incoming_call_offer_pref incoming_mwi_mailbox moh_passthrough mwi_from_user
		mwi_subscribe_replaces_unsolicited notify_early_inuse_ringing one_touch_recording outgoing_call_offer_pref
		overlap_context record_off_feature record_on_feature rpid_immediate rtp_engine
		sdp_owner sdp_session security_mechanisms security_negotiation send_aoc
		stir_shaken stir_shaken_profile sub_min_expiry suppress_moh_on_sendonly t38_bind_udptl_to_media_address
		t38_udptl_ec tenantid tone_zone tos_audio tos_video
		voicemail_extension`),
	Idle: option.Words(`allow_overlap allow_subscribe allow_unauthenticated_options force_avp force_rport
		inband_progress mailboxes max_audio_streams message_context preferred_codec_only
		rtp_port_end rtp_port_start subscribe_context use_ptime`),
}

// redirectMethod is how a 3xx is followed. Only to an extension that the endpoint may dial
// itself: a host that it names could be anybody's. A trunk's is where that is written.
func redirectMethod(e *Endpoint, v string) error {
	switch strings.ToLower(v) {
	case "user":
		e.FollowUser = true
		return nil
	case "uri_core", "uri_pjsip":
		return fmt.Errorf("the host of a 3xx is not called: a phone's is followed by its user part, as an extension of its context")
	}
	return fmt.Errorf("%q is none of user, uri_core, uri_pjsip", v)
}

// byFamily takes an option that asks for IPv6: audio and T.38 go in the family of the party
// without it, and with it.
func byFamily(_ *Endpoint, v string) error {
	_, err := option.ParseBool(v)
	return err
}

func callerID(e *Endpoint, v string) error {
	e.CallerName, e.CallerNumber = asterisk.ParseCallerID(v)
	return nil
}

func timers(e *Endpoint, v string) error {
	switch {
	case asterisk.True(v) || strings.EqualFold(v, "accept"):
		e.Timers = TimersYes
		return nil
	case asterisk.False(v):
		e.Timers = TimersNo
		return nil
	}
	return option.Choice(func(e *Endpoint) *Timers { return &e.Timers }, timersNames)(e, v)
}

// finish fills in what follows from other options.
func (e *Endpoint) finish() {
	if e.AccountCode == "" {
		e.AccountCode = e.Name
	}
	if e.WebRTC {
		e.Bundle, e.RTCPMux, e.AVPF, e.ICE, e.ReceivedTransp = true, true, true, true, true
		e.MediaEncryption = EncryptionDTLS
		e.DTLS.Setup, e.DTLS.Verify = "actpass", "fingerprint"
		if e.DTLS.CertFile == "" {
			e.DTLS.AutoGenerate = true
		}
	}
}
