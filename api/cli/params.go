package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

func names(auths []endpoint.Auth) string {
	list := make([]string, 0, len(auths))
	for _, a := range auths {
		list = append(list, a.Name)
	}
	return strings.Join(list, ",")
}

// endpointParams are an endpoint's options by pjsip.conf's names, those that are read.
func endpointParams(e *endpoint.Endpoint) [][2]string {
	callerID := ""
	if e.CallerName+e.CallerNumber != "" {
		callerID = fmt.Sprintf("%q <%s>", e.CallerName, e.CallerNumber)
	}
	is := strconv.FormatBool
	list := func(l []string) string { return strings.Join(l, ",") }
	vars := make([]string, 0, len(e.SetVars))
	for _, v := range e.SetVars {
		vars = append(vars, v.Name+"="+v.Value)
	}
	return [][2]string{
		{"100rel", e.Rel100.String()},
		{"accept_multiple_sdp_answers", is(e.ManyAnswers)},
		{"accountcode", e.AccountCode},
		{"allow", "(" + strings.Join(e.Codecs, "|") + ")"},
		{"allow_overlap", is(e.AllowOverlap)},
		{"allow_subscribe", is(e.AllowSubscribe)},
		{"allow_transfer", is(e.AllowTransfer)},
		{"allow_unauthenticated_options", is(e.UnauthenticatedOption)},
		{"aors", list(e.AORs)},
		{"auth", names(e.Auth)},
		{"bind_rtp_to_media_address", is(e.BindRTPToMedia)},
		{"bundle", is(e.Bundle)},
		{"call_group", e.CallGroup},
		{"callerid", callerID},
		{"callerid_privacy", e.CallerPrivacy},
		{"callerid_tag", e.CallerTag},
		{"connected_line_method", e.ConnectedMethod},
		{"contact_user", e.ContactUser},
		{"context", e.Context},
		{"device_state_busy_at", strconv.Itoa(e.BusyAt)},
		{"direct_media", is(e.DirectMedia)},
		{"direct_media_glare_mitigation", e.DirectGlare},
		{"direct_media_method", e.DirectMethod},
		{"disable_direct_media_on_nat", is(e.DirectNotByNAT)},
		{"dtls_auto_generate_cert", yesNo(e.DTLS.AutoGenerate)},
		{"dtls_fingerprint", e.DTLS.Fingerprint},
		{"dtls_setup", e.DTLS.Setup},
		{"dtls_verify", e.DTLS.Verify},
		{"dtmf_mode", e.DTMFMode.String()},
		{"fax_detect", is(e.FaxTone || e.FaxAsks)},
		{"follow_early_media_fork", is(e.FollowForks)},
		{"force_avp", is(e.ForceAVP)},
		{"force_rport", is(e.ForceRport)},
		{"from_domain", e.FromDomain},
		{"from_user", e.FromUser},
		{"ice_support", is(e.ICE)},
		{"identify_by", list(e.IdentifyBy)},
		{"inband_progress", is(e.InbandProgress)},
		{"language", e.Language},
		{"mailboxes", list(e.Mailboxes)},
		{"max_audio_streams", strconv.Itoa(e.AudioStreams)},
		{"max_video_streams", strconv.Itoa(e.VideoStreams)},
		{"media_address", e.MediaAddress},
		{"media_encryption", e.MediaEncryption.String()},
		{"media_encryption_optimistic", is(e.OptimisticCrypto)},
		{"media_use_received_transport", is(e.ReceivedTransp)},
		{"message_context", e.MessageContext},
		{"moh_suggest", e.MOHSuggest},
		{"named_call_group", list(e.NamedCall)},
		{"named_pickup_group", list(e.NamedPickup)},
		{"outbound_auth", names(e.OutboundAuth)},
		{"outbound_proxy", e.OutboundProxy},
		{"pickup_group", e.PickupGroup},
		{"preferred_codec_only", is(e.PreferredOnly)},
		{"redirect_method", "user"},
		{"refer_blind_progress", is(e.ReferBlindProgress)},
		{"rewrite_contact", is(e.RewriteContact)},
		{"rtcp_mux", is(e.RTCPMux)},
		{"rtp_keepalive", seconds(e.RTPKeepalive)},
		{"rtp_port_end", strconv.Itoa(e.RTPPortEnd)},
		{"rtp_port_start", strconv.Itoa(e.RTPPortStart)},
		{"rtp_symmetric", is(e.RTPSymmetric)},
		{"rtp_timeout", seconds(e.RTPTimeout)},
		{"rtp_timeout_hold", seconds(e.RTPTimeoutHold)},
		{"send_connected_line", is(e.SendConnected)},
		{"send_diversion", is(e.SendDiversion)},
		{"send_history_info", is(e.SendHistory)},
		{"send_pai", is(e.SendPAI)},
		{"send_rpid", is(e.SendRPID)},
		{"set_var", list(vars)},
		{"srtp_tag_32", is(e.SRTPTag32)},
		{"subscribe_context", e.SubscribeContext},
		{"suppress_q850_reason_headers", is(e.SuppressQ850)},
		{"t38_udptl", is(e.T38)},
		{"timers", e.Timers.String()},
		{"timers_min_se", seconds(e.MinSE)},
		{"timers_sess_expires", seconds(e.SessionExpires)},
		{"transport", e.Transport},
		{"trust_connected_line", is(e.TrustConnected)},
		{"trust_id_inbound", is(e.TrustIDInbound)},
		{"trust_id_outbound", is(e.TrustIDOutbound)},
		{"use_avpf", is(e.AVPF)},
		{"use_ptime", is(e.UsePtime)},
		{"user_eq_phone", is(e.UserEqPhone)},
		{"webrtc", yesNo(e.WebRTC)},
	}
}

// aorParams are an address of record's options, and the addresses bound to it.
func aorParams(a endpoint.AOR, contacts []signaling.ContactSnapshot) [][2]string {
	var bound []string
	for _, ct := range contacts {
		if ct.AOR == a.Name {
			bound = append(bound, ct.URI)
		}
	}
	is := strconv.FormatBool
	return [][2]string{
		{"authenticate_qualify", is(a.AuthenticateQualify)},
		{"contact", strings.Join(bound, ",")},
		{"default_expiration", seconds(a.DefaultExpiration)},
		{"mailboxes", strings.Join(a.Mailboxes, ",")},
		{"max_contacts", strconv.Itoa(a.MaxContacts)},
		{"maximum_expiration", seconds(a.MaxExpiration)},
		{"minimum_expiration", seconds(a.MinExpiration)},
		{"outbound_proxy", a.OutboundProxy},
		{"qualify_2xx_only", is(a.Qualify2xxOnly)},
		{"qualify_frequency", seconds(a.QualifyFrequency)},
		{"qualify_timeout", fmt.Sprintf("%f", a.QualifyTimeout.Seconds())},
		{"remove_existing", is(a.RemoveExisting)},
		{"remove_unavailable", is(a.RemoveUnavailable)},
		{"support_path", is(a.SupportPath)},
	}
}

// transportParams are a transport's options, those that are read.
func transportParams(t endpoint.Transport) [][2]string {
	var local []string
	for _, p := range t.LocalNet {
		local = append(local, p.String())
	}
	is := strconv.FormatBool
	return [][2]string{
		{"allow_reload", is(t.AllowReload)},
		{"bind", t.Bind.String()},
		{"ca_list_file", t.CAFile},
		{"ca_list_path", t.CAPath},
		{"cert_file", t.CertFile},
		{"cipher", t.Cipher},
		{"domain", t.Domain},
		{"external_media_address", t.ExternalMedia},
		{"external_signaling_address", t.ExternalSignaling},
		{"external_signaling_port", strconv.Itoa(t.ExternalPort)},
		{"local_net", strings.Join(local, ",")},
		{"method", t.Method},
		{"priv_key_file", t.PrivKeyFile},
		{"protocol", t.Protocol},
		{"require_client_cert", is(t.RequireClientCert)},
		{"symmetric_transport", is(t.Symmetric)},
		{"tos", t.TOS},
		{"verify_client", is(t.VerifyClient)},
		{"verify_server", is(t.VerifyServer)},
		{"websocket_write_timeout", strconv.FormatInt(t.WebSocketWriteLimit.Milliseconds(), 10)},
	}
}
