package mutual

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxFile bounds a file of authorities, and one of lists, in bytes.
const MaxFile = 16 << 20

// blocks are those of a PEM text, all of one kind. Text between them is left alone, as it is
// what tools say of the block that follows.
func blocks(text []byte, kind string) ([][]byte, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("%d bytes, at most %d", len(text), MaxFile)
	}
	var out [][]byte
	for len(text) > 0 {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != kind {
			return nil, fmt.Errorf("%q where only %q may be", block.Type, kind)
		}
		out, text = append(out, block.Bytes), rest
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no %q in PEM", kind)
	}
	return out, nil
}

// AuthoritiesError is of Config.Authorities.
type AuthoritiesError struct{ Err error }

// ListsError is of Config.Lists.
type ListsError struct{ Err error }

// Error is what is wrong.
func (e *AuthoritiesError) Error() string { return e.Err.Error() }

// Unwrap gives what is wrong.
func (e *AuthoritiesError) Unwrap() error { return e.Err }

// Error is what is wrong.
func (e *ListsError) Error() string { return e.Err.Error() }

// Unwrap gives what is wrong.
func (e *ListsError) Unwrap() error { return e.Err }

func parseAuthorities(text []byte) ([]*x509.Certificate, error) {
	ders, err := blocks(text, "CERTIFICATE")
	if err != nil {
		return nil, &AuthoritiesError{err}
	}
	out := make([]*x509.Certificate, 0, len(ders))
	for i, der := range ders {
		cert, err := x509.ParseCertificate(der)
		if err == nil && !(cert.BasicConstraintsValid && cert.IsCA) {
			err = errors.New("is no authority's (CA:TRUE)") // who shows it would be its own authority
		}
		if err != nil {
			return nil, &AuthoritiesError{fmt.Errorf("certificate %d: %w", i+1, err)}
		}
		out = append(out, cert)
	}
	return out, nil
}

// nameAndKey is what makes an authority the issuer of a list: it may have several certificates.
func nameAndKey(a *x509.Certificate) string {
	return string(a.RawSubject) + "\x00" + string(a.RawSubjectPublicKeyInfo)
}

// parseLists takes the newest list of each authority. What is in a list that is partial (RFC
// 5280 §5.2.4, §5.2.5) or says who is revoked of others (§5.3.3) would be misread: it is refused.
func parseLists(text []byte, authorities []*x509.Certificate, now time.Time) (map[string]*revocations, error) {
	ders, err := blocks(text, "X509 CRL")
	if err != nil {
		return nil, &ListsError{err}
	}
	out := make(map[string]*revocations)
	for i, der := range ders {
		list, err := x509.ParseRevocationList(der)
		if err == nil {
			err = usable(list, now)
		}
		if err != nil {
			return nil, &ListsError{fmt.Errorf("list %d: %w", i+1, err)}
		}
		at := slices.IndexFunc(authorities, func(a *x509.Certificate) bool { return list.CheckSignatureFrom(a) == nil })
		if at < 0 {
			return nil, &ListsError{fmt.Errorf("list %d: none of the authorities has signed it", i+1)}
		}
		issuer := nameAndKey(authorities[at])
		if before := out[issuer]; before == nil || before.from.Before(list.ThisUpdate) {
			out[issuer] = newRevocations(list)
		}
	}
	return out, nil
}

func usable(list *x509.RevocationList, now time.Time) error {
	for _, e := range list.Extensions {
		if e.Critical {
			return fmt.Errorf("has a critical extension %s: it is a part of a list, or of several authorities", e.Id)
		}
	}
	for _, entry := range list.RevokedCertificateEntries {
		for _, e := range entry.Extensions {
			if e.Critical {
				return fmt.Errorf("has a critical extension %s: it is of several authorities", e.Id)
			}
		}
	}
	return newRevocations(list).current(now)
}

// revocations are what one authority has revoked.
type revocations struct {
	from, until time.Time // until is zero for a list without end
	serials     map[string]bool
}

func newRevocations(list *x509.RevocationList) *revocations {
	r := &revocations{from: list.ThisUpdate, until: list.NextUpdate, serials: make(map[string]bool)}
	for _, entry := range list.RevokedCertificateEntries {
		if entry.ReasonCode != removeFromCRL {
			r.serials[string(entry.SerialNumber.Bytes())] = true
		}
	}
	return r
}

const removeFromCRL = 8 // RFC 5280 §5.3.1

func (r *revocations) current(now time.Time) error {
	if !r.until.IsZero() && now.After(r.until) {
		return fmt.Errorf("ended %s", r.until.UTC().Format(time.RFC3339))
	}
	return nil
}

// revoked says why a certificate does not count by its issuer's list; without a list that is of
// now it does not (RFC 5280 §6.3.3).
func (c *Clients) revoked(cert, issuer *x509.Certificate, now time.Time) error {
	list := c.lists[nameAndKey(issuer)]
	if list == nil {
		return errors.New("there is no list of what the authority of the certificate has revoked")
	}
	if err := list.current(now); err != nil {
		return fmt.Errorf("the list of what the authority of the certificate has revoked %w", err)
	}
	if list.serials[string(cert.SerialNumber.Bytes())] {
		return errors.New("the certificate, or one that vouches for it, is revoked")
	}
	return nil
}
