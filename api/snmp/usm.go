package snmp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gosnmp/gosnmp"
)

// User is one of SNMPv3. Who has a privacy password has to use it.
type User struct {
	Name                   string
	Auth, AuthPassword     string // a name of AuthProtocols
	Privacy, PrivacySecret string // a name of PrivacyProtocols; "" for none
}

var authProtocols = map[string]gosnmp.SnmpV3AuthProtocol{
	"SHA": gosnmp.SHA, "SHA-224": gosnmp.SHA224, "SHA-256": gosnmp.SHA256, "SHA-384": gosnmp.SHA384, "SHA-512": gosnmp.SHA512,
}

var privacyProtocols = map[string]gosnmp.SnmpV3PrivProtocol{"AES": gosnmp.AES}

// minPassword is the shortest password that there may be (RFC 3414 §11.2).
const minPassword = 8

// Validate is an error about what a user cannot be.
func (u User) Validate() error {
	switch {
	case u.Name == "" || len(u.Name) > 32:
		return errors.New("a user's name has 1 to 32 bytes")
	case authProtocols[u.Auth] == 0:
		return fmt.Errorf("auth %q is none of SHA, SHA-224, SHA-256, SHA-384, SHA-512", u.Auth)
	case len(u.AuthPassword) < minPassword:
		return fmt.Errorf("the password of %s is shorter than %d bytes", u.Name, minPassword)
	case u.Privacy == "" && u.PrivacySecret != "":
		return fmt.Errorf("%s has a privacy password, but no privacy", u.Name)
	case u.Privacy != "" && privacyProtocols[u.Privacy] == 0:
		return fmt.Errorf("privacy %q is not AES", u.Privacy)
	case u.Privacy != "" && len(u.PrivacySecret) < minPassword:
		return fmt.Errorf("the privacy password of %s is shorter than %d bytes", u.Name, minPassword)
	}
	return nil
}

// know makes the users' keys, which are for this engine alone.
func (a *Agent) know(users []User) error {
	a.users, a.levels = make(map[string]*gosnmp.UsmSecurityParameters), make(map[string]gosnmp.SnmpV3MsgFlags)
	for _, u := range users {
		if err := u.Validate(); err != nil {
			return fmt.Errorf("snmp: %w", err)
		}
		if a.users[u.Name] != nil {
			return fmt.Errorf("snmp: there are two users %s", u.Name)
		}
		p := &gosnmp.UsmSecurityParameters{
			UserName: u.Name, AuthoritativeEngineID: a.engine.id, AuthenticationProtocol: authProtocols[u.Auth],
			AuthenticationPassphrase: u.AuthPassword, PrivacyProtocol: gosnmp.NoPriv, Logger: a.quiet,
		}
		a.levels[u.Name] = gosnmp.AuthNoPriv
		if u.Privacy != "" {
			p.PrivacyProtocol, p.PrivacyPassphrase = privacyProtocols[u.Privacy], u.PrivacySecret
			a.levels[u.Name] = gosnmp.AuthPriv
		}
		if err := p.InitSecurityKeys(); err != nil {
			return fmt.Errorf("snmp: keys of %s: %w", u.Name, err)
		}
		a.users[u.Name] = p
	}
	return nil
}

// usmCounts are what usmStats tells (RFC 3414 §5), and snmpUnknownContexts (RFC 3413 §4.1.2).
type usmCounts struct{ levels, windows, names, engines, digests, contexts uint32 }

// The reports, in usmStats, and of what has no such context.
const (
	unsupportedLevels = ".1.3.6.1.6.3.15.1.1.1.0"
	notInTimeWindows  = ".1.3.6.1.6.3.15.1.1.2.0"
	unknownUserNames  = ".1.3.6.1.6.3.15.1.1.3.0"
	unknownEngineIDs  = ".1.3.6.1.6.3.15.1.1.4.0"
	wrongDigests      = ".1.3.6.1.6.3.15.1.1.5.0"
	unknownContexts   = ".1.3.6.1.6.3.12.1.5.0"
)

// window is how far a request's time may be from ours, in seconds (RFC 3414 §2.2.3).
const window = 150

// answerUser answers SNMPv3 (RFC 3414 §3.2). head is the request as far as it can be read without keys.
func (a *Agent) answerUser(request []byte, head *gosnmp.SnmpPacket) ([]byte, error) {
	usm, ok := head.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	if !ok || head.SecurityModel != gosnmp.UserSecurityModel {
		return nil, errors.New("no user security model")
	}
	if head.MsgMaxSize < leastSize {
		return nil, fmt.Errorf("a manager that takes %d bytes, which is less than all do", head.MsgMaxSize)
	}
	if usm.AuthoritativeEngineID != a.engine.id { // who asks for the first time asks for the engine
		return a.report(head, nil, gosnmp.NoAuthNoPriv, unknownEngineIDs, &a.counts.engines)
	}
	user := a.users[usm.UserName]
	if user == nil {
		return a.report(head, nil, gosnmp.NoAuthNoPriv, unknownUserNames, &a.counts.names)
	}
	level := a.levels[usm.UserName]
	if head.MsgFlags&gosnmp.AuthPriv != level {
		return a.report(head, nil, gosnmp.NoAuthNoPriv, unsupportedLevels, &a.counts.levels)
	}
	reader := &gosnmp.GoSNMP{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: level, SecurityParameters: user.Copy(), Logger: a.quiet,
	}
	// It is read in place, and what was read once is altered.
	in, err := reader.UnmarshalTrap(slices.Clone(request), true)
	if err != nil {
		return a.report(head, nil, gosnmp.NoAuthNoPriv, wrongDigests, &a.counts.digests)
	}
	if usm, ok = in.SecurityParameters.(*gosnmp.UsmSecurityParameters); !ok {
		return nil, errors.New("no user security model")
	}
	now := a.engine.time(a.cfg.Now())
	if usm.AuthoritativeEngineBoots != a.engine.boots || max(usm.AuthoritativeEngineTime, now)-min(usm.AuthoritativeEngineTime, now) > window {
		return a.report(in, user, gosnmp.AuthNoPriv, notInTimeWindows, &a.counts.windows)
	}
	if in.ContextName != "" { // there is the one without a name
		return a.report(in, user, level, unknownContexts, &a.counts.contexts)
	}
	out, err := a.secured(in, user, level)
	if err != nil {
		return nil, err
	}
	return a.fill(out, in, int(min(maxAnswer, in.MsgMaxSize)))
}

// report says why a request is not answered, if its sender wants to know; to a user by their keys.
func (a *Agent) report(in *gosnmp.SnmpPacket, user *gosnmp.UsmSecurityParameters, level gosnmp.SnmpV3MsgFlags, name string, count *uint32) ([]byte, error) {
	*count++
	if in.MsgFlags&gosnmp.Reportable == 0 {
		return nil, errors.New("refused, and no report wanted")
	}
	out, err := a.secured(in, user, level)
	if err != nil {
		return nil, err
	}
	out.PDUType, out.RequestID = gosnmp.Report, in.RequestID
	out.Variables = []gosnmp.SnmpPDU{{Name: name, Type: gosnmp.Counter32, Value: *count}}
	return out.MarshalMsg()
}

// secured is an answer without its PDU, of a level, by a user's keys; nil is nobody.
func (a *Agent) secured(in *gosnmp.SnmpPacket, user *gosnmp.UsmSecurityParameters, level gosnmp.SnmpV3MsgFlags) (*gosnmp.SnmpPacket, error) {
	usm := &gosnmp.UsmSecurityParameters{AuthoritativeEngineID: a.engine.id, AuthenticationProtocol: gosnmp.NoAuth, PrivacyProtocol: gosnmp.NoPriv, Logger: a.quiet}
	if user != nil {
		own, ok := user.Copy().(*gosnmp.UsmSecurityParameters)
		if !ok {
			return nil, errors.New("no user security model")
		}
		usm = own
	}
	usm.AuthoritativeEngineBoots, usm.AuthoritativeEngineTime = a.engine.boots, a.engine.time(a.cfg.Now())
	out := &gosnmp.SnmpPacket{
		Version: gosnmp.Version3, MsgID: in.MsgID, MsgMaxSize: maxRequest, MsgFlags: level, SecurityModel: gosnmp.UserSecurityModel,
		SecurityParameters: usm, ContextEngineID: a.engine.id, ContextName: in.ContextName, Logger: a.quiet,
	}
	if user == nil {
		return out, nil
	}
	return out, user.InitPacket(out) // a salt of its own for each
}
