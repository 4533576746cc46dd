package endpoint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// maxRealm is the longest realm that digests are made with, in bytes.
const maxRealm = 255

func (g *Global) setRealm(v string) error {
	if v == "" || len(v) > maxRealm || strings.ContainsFunc(v, control) {
		return fmt.Errorf("a realm has 1 to %d characters that can be seen", maxRealm)
	}
	g.Realm = v
	return nil
}

func (g *Global) setUserAgent(v string) error {
	if strings.ContainsFunc(v, control) {
		return fmt.Errorf("it has characters that cannot be seen")
	}
	g.UserAgent = v
	return nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// The bounds of the estimate of the way there and back (RFC 3261 §17.1.1.1).
const (
	minT1 = 10 * time.Millisecond
	maxT1 = 5 * time.Second
)

func (g *Global) setT1(v string) error {
	var d time.Duration
	if err := option.Duration(func(d *time.Duration) *time.Duration { return d }, time.Millisecond)(&d, v); err != nil {
		return err
	}
	if d < minT1 || d > maxT1 {
		return fmt.Errorf("%v is not from %v to %v", d, minT1, maxT1)
	}
	g.TimerT1 = d
	return nil
}

// SameIdentity reports whether others would see the same server: its realm and digests, its
// name and its pace.
func (g *Global) SameIdentity(x *Global) bool {
	return g.Realm == x.Realm && g.UserAgent == x.UserAgent && g.TimerT1 == x.TimerT1 && slices.Equal(g.Algorithms, x.Algorithms)
}

// complete takes over what sip.conf says and pjsip.conf does not; s is its [general].
func (g *Global) complete(other *Global, s *asterisk.Section, w *asterisk.Warnings) {
	usual := defaultGlobal()
	for _, x := range []struct {
		option      string
		mine, other *string
		usual       string
	}{
		{"realm", &g.Realm, &other.Realm, usual.Realm},
		{"useragent", &g.UserAgent, &other.UserAgent, usual.UserAgent},
	} {
		switch {
		case *x.other == x.usual || *x.other == *x.mine:
		case *x.mine == x.usual:
			*x.mine = *x.other
		default:
			set := s.Last(x.option)
			w.Add(asterisk.Warning{File: set.File, Line: set.Line, Text: fmt.Sprintf("[%s] %s=%s is not what pjsip.conf says", s.Name, set.Key, set.Value),
				Asterisk: "gives each technology its own", Here: fmt.Sprintf("it is %q for both", *x.mine)})
		}
	}
	if g.TimerT1 == usual.TimerT1 {
		g.TimerT1 = other.TimerT1
	}
}
