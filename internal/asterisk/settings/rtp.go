package settings

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// RTP is rtp.conf.
type RTP struct {
	// Start and End are the first and last port; 0 where the file does not say.
	Start, End int
	// Strict takes a stream from one address only: yes, no or seqno.
	Strict string
	// RTCPInterval is how often RTCP is sent.
	RTCPInterval time.Duration
	ICE          bool
	STUN         string
	TURN         string
	TURNUser     string
	TURNPassword string
	DTMFTimeout  int // samples
}

func defaultRTP() RTP {
	return RTP{Strict: "yes", RTCPInterval: 5 * time.Second, ICE: true, DTMFTimeout: 3000}
}

var rtpTable = option.Table[RTP]{
	Name: "rtp.conf",
	Rows: option.Rows[RTP]{
		"rtpstart":     option.Number(func(r *RTP) *int { return &r.Start }, 1024, 65535),
		"rtpend":       option.Number(func(r *RTP) *int { return &r.End }, 1024, 65535),
		"strictrtp":    option.Text(func(r *RTP) *string { return &r.Strict }),
		"rtcpinterval": option.Duration(func(r *RTP) *time.Duration { return &r.RTCPInterval }, time.Millisecond),
		"icesupport":   option.Bool(func(r *RTP) *bool { return &r.ICE }),
		"stunaddr":     option.Text(func(r *RTP) *string { return &r.STUN }),
		"turnaddr":     option.Text(func(r *RTP) *string { return &r.TURN }),
		"turnusername": option.Text(func(r *RTP) *string { return &r.TURNUser }),
		"turnpassword": option.Text(func(r *RTP) *string { return &r.TURNPassword }),
		"dtmftimeout":  option.Number(func(r *RTP) *int { return &r.DTMFTimeout }, 0, 1<<20),
	},
	Idle: option.Words(`strictrtp icesupport stunaddr turnaddr turnusername turnpassword dtmftimeout`),
	Inert: option.Words(`rtpchecksums probation ice_blacklist ice_deny ice_permit ice_acl stun_blacklist stun_deny
		stun_permit stun_acl stun_software_attribute dtls_mtu srtpreplayprotection`),
}

func (r *RTP) read(c *asterisk.Config, w *asterisk.Warnings) {
	sections(c, func(s *asterisk.Section) {
		rtpTable.Apply(r, s, w)
		if r.Start > 0 && r.End > 0 && r.Start >= r.End {
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: "rtpstart is not below rtpend", Here: "both are left out"})
			r.Start, r.End = 0, 0
		}
		for name, alone := range map[string]bool{"rtpstart": r.Start > 0 && r.End == 0, "rtpend": r.End > 0 && r.Start == 0} {
			if set := s.Last(name); alone && set != nil {
				w.Add(asterisk.Warning{File: set.File, Line: set.Line, Text: name + " stands alone", Asterisk: "takes its default for the other",
					Here: "the ports are those of rtp.ports", Fix: "write rtpstart and rtpend"})
			}
		}
	}, func(s *asterisk.Section) {
		if s.Name != "ice_host_candidates" {
			unknownSection(w)(s)
			return
		}
		w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: "[ice_host_candidates] is accepted", Here: "it has no effect"})
	})
}
