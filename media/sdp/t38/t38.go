// Package t38 reads and writes the m=image line of a facsimile over UDPTL in session
// descriptions (ITU-T T.38 Annex D.2.3, with the spellings that gateways use).
package t38

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/udptl"
)

const (
	kind    = "image"
	profile = "udptl"
	format  = "t38"
)

// Find is the place of the first m=image line of T.38 over UDPTL, refused or not, or -1.
func Find(s *sdp.Session) int {
	for i, m := range s.Media {
		if strings.EqualFold(m.Kind, kind) && strings.EqualFold(m.Profile, profile) && len(m.Formats) > 0 && strings.EqualFold(m.Formats[0], format) {
			return i
		}
	}
	return -1
}

// Wanted is the place of the line where a description turns a call to T.38: it has a port,
// and no audio has one beside it. It is -1 where audio stays, which then is what is taken.
func Wanted(s *sdp.Session) int {
	at := Find(s)
	if at < 0 || s.Media[at].Port == 0 {
		return -1
	}
	for _, m := range s.Media {
		if m.IsAudio() && m.Port != 0 {
			return -1
		}
	}
	return at
}

// Read reads what the line says; the error is fault.Invalid.
func Read(m *sdp.Media) (udptl.Terms, error) {
	var t udptl.Terms
	for _, a := range m.Attributes {
		name := strings.ToLower(a.Name)
		switch value := strings.TrimSpace(a.Value); name {
		case "t38faxratemanagement":
			t.RateManagement = value
		case "t38faxudpec":
			t.ErrorCorrection = value
		case "t38faxfillbitremoval":
			t.FillBitRemoval = flag(value)
		case "t38faxtranscodingmmr":
			t.TranscodingMMR = flag(value)
		case "t38faxtranscodingjbig":
			t.TranscodingJBIG = flag(value)
		default:
			n := number(&t, name)
			if n == nil {
				continue
			}
			v, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return udptl.Terms{}, fault.New(fault.Invalid, "t38: a=%s:%.32q is no number", a.Name, value)
			}
			*n = int(v)
		}
	}
	return t, t.Validate()
}

// number is what a numeric attribute tells.
func number(t *udptl.Terms, name string) *int {
	switch name {
	case "t38faxversion":
		return &t.Version
	case "t38maxbitrate", "t38faxmaxrate": // the second is an old habit
		return &t.MaxBitRate
	case "t38faxmaxbuffer":
		return &t.MaxBuffer
	case "t38faxmaxdatagram", "t38maxdatagram":
		return &t.MaxDatagram
	}
	return nil
}

// flag reads an attribute that is true when it stands there, but for those who write ":0".
func flag(value string) bool { return value != "0" }

// Line writes the line of what is received at a port.
func Line(t *udptl.Terms, port uint16) *sdp.Media {
	m := &sdp.Media{Kind: kind, Profile: profile, Formats: []string{format}, Port: port}
	add := func(name, value string) { m.Attributes = append(m.Attributes, sdp.Attribute{Name: name, Value: value}) }
	add("T38FaxVersion", strconv.Itoa(t.Version))
	for _, n := range []struct {
		name  string
		value int
	}{{"T38MaxBitRate", t.MaxBitRate}, {"T38FaxMaxBuffer", t.MaxBuffer}, {"T38FaxMaxDatagram", t.MaxDatagram}} {
		if n.value > 0 {
			add(n.name, strconv.Itoa(n.value))
		}
	}
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"T38FaxFillBitRemoval", t.FillBitRemoval}, {"T38FaxTranscodingMMR", t.TranscodingMMR}, {"T38FaxTranscodingJBIG", t.TranscodingJBIG},
	} {
		if f.on {
			add(f.name, "")
		}
	}
	for _, w := range []struct{ name, value string }{{"T38FaxRateManagement", t.RateManagement}, {"T38FaxUdpEC", t.ErrorCorrection}} {
		if w.value != "" {
			add(w.name, w.value)
		}
	}
	return m
}

// Refused is the line in an answer that does not take it.
func Refused() *sdp.Media { return &sdp.Media{Kind: kind, Profile: profile, Formats: []string{format}} }
