package settings

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// HTTP is http.conf: where ARI, WebSocket and the other HTTP services listen.
type HTTP struct {
	Enabled  bool
	BindAddr string
	BindPort int
	// Prefix comes before every path ("/asterisk"), usually empty.
	Prefix            string
	TLS               bool
	TLSBind           netip.AddrPort
	CertFile          string
	PrivKeyFile       string // "" is in CertFile
	ServerName        string
	SessionLimit      int
	SessionInactivity time.Duration
	SessionKeepAlive  time.Duration

	// set are the options that http.conf itself gives, by lower-case name.
	set map[string]bool
	// cert is the tlscertfile that counts.
	cert asterisk.Setting
}

// CertPlace is where CertFile stands: a file and a line, "" and 0 where none does.
func (h *HTTP) CertPlace() (file string, line int) { return h.cert.File, h.cert.Line }

// takenFrom remembers a setting that was taken.
func (h *HTTP) takenFrom(set asterisk.Setting) {
	if lower(set.Key) == "tlscertfile" {
		h.cert = set
	}
}

// Listen is the address of the plain service, "host:port".
func (h *HTTP) Listen() string { return net.JoinHostPort(h.BindAddr, strconv.Itoa(h.BindPort)) }

const httpsPort = 8089

func defaultHTTP() HTTP {
	return HTTP{
		BindAddr: "0.0.0.0", BindPort: 8088, TLSBind: netip.AddrPortFrom(netip.IPv4Unspecified(), httpsPort),
		ServerName: "Asterisk", SessionLimit: 100, SessionInactivity: 30 * time.Second, SessionKeepAlive: 15 * time.Second,
	}
}

// httpShared are the options that ari.conf is written with by mistake too.
var httpShared = option.Rows[HTTP]{
	"bindaddr":      bindAddress,
	"bindport":      option.Number(func(h *HTTP) *int { return &h.BindPort }, 0, 65535),
	"tlsenable":     option.Bool(func(h *HTTP) *bool { return &h.TLS }),
	"tlsbindaddr":   tlsBind,
	"tlscertfile":   option.Text(func(h *HTTP) *string { return &h.CertFile }),
	"tlsprivatekey": option.Text(func(h *HTTP) *string { return &h.PrivKeyFile }),
	"prefix":        option.Text(func(h *HTTP) *string { return &h.Prefix }),
}

var httpTable = option.Table[HTTP]{
	Name: "http.conf",
	Rows: option.Merge(httpShared, option.Rows[HTTP]{
		"enabled":            option.Bool(func(h *HTTP) *bool { return &h.Enabled }),
		"servername":         option.Text(func(h *HTTP) *string { return &h.ServerName }),
		"sessionlimit":       option.Number(func(h *HTTP) *int { return &h.SessionLimit }, 1, 1<<20),
		"session_inactivity": option.Duration(func(h *HTTP) *time.Duration { return &h.SessionInactivity }, time.Millisecond),
		"session_keep_alive": option.Duration(func(h *HTTP) *time.Duration { return &h.SessionKeepAlive }, time.Millisecond),
	}),
	Idle: option.Words("prefix servername session_inactivity session_keep_alive sessionlimit"),
	Inert: option.Words(`enable_static enablestatic enable_status redirect static_mime_types tlscipher tlsdisablev1
		tlsdisablev11 tlsdisablev12 tlsservercipherorder tlsclientmethod tlscafile tlscapath post_mappings`),
}

func bindAddress(h *HTTP, v string) error {
	ap, err := option.ParseBind(v, uint16(h.BindPort))
	if err == nil {
		h.BindAddr, h.BindPort = ap.Addr().String(), int(ap.Port())
	}
	return err
}

func tlsBind(h *HTTP, v string) error {
	ap, err := option.ParseBind(v, httpsPort)
	if err == nil {
		h.TLSBind = ap
	}
	return err
}

func (h *HTTP) read(c *asterisk.Config, w *asterisk.Warnings) {
	h.set = make(map[string]bool)
	sections(c, func(s *asterisk.Section) {
		httpTable.Apply(h, s, w)
		for _, set := range s.Settings {
			h.set[lower(set.Key)] = true
			h.takenFrom(set)
		}
	}, func(s *asterisk.Section) {
		if s.Name != "post_mappings" {
			unknownSection(w)(s)
		}
	})
}
