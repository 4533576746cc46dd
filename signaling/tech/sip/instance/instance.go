// Package instance carries which phone of an extension a call is for: one that dials a
// GRUU (RFC 5627) is for the phone that it was given to, whatever the dialplan does until
// it dials the extension's endpoint.
//
// It starts no goroutine.
package instance

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// Variable is where a call keeps the phone that it is for: an address of record and an
// instance.
const Variable = "SIP_GRUU"

// Registrar finds the phone that a GRUU was given to; *registrar.Registrar is one.
type Registrar interface {
	Instance(gruu.Ref) (registrar.Binding, bool)
}

// Dialled is the extension that a URI dials, and the variables of the call: of a GRUU the
// address of record that it stands for, and the phone; else what is given. A phone that is
// not registered is fault.Unreachable. A nil maker reads no GRUU.
func Dialled(m *gruu.Maker, r Registrar, u message.URI, exten string, vars []dialplan.Variable) (string, []dialplan.Variable, error) {
	if m == nil {
		return exten, vars, nil
	}
	ref, ok := m.Read(u)
	if !ok {
		return exten, vars, nil
	}
	if _, ok := r.Instance(ref); !ok {
		return "", nil, fault.New(fault.Unreachable, "the phone of a GRUU is not registered")
	}
	vars = append(slices.Clone(vars), dialplan.Variable{Name: "__" + Variable, Value: ref.AOR + " " + ref.Instance})
	return ref.AOR, vars, nil
}

// Contact is the phone that a call with these variables is for, if it is one of those
// addresses of record; chosen is false for a call that is for any phone of theirs.
func Contact(r Registrar, aors []string, vars []dialplan.Variable) (b registrar.Binding, chosen bool, err error) {
	for _, v := range vars {
		if strings.TrimLeft(v.Name, "_") != Variable {
			continue
		}
		aor, id, _ := strings.Cut(v.Value, " ")
		if !slices.Contains(aors, aor) {
			return b, false, nil
		}
		b, chosen = r.Instance(gruu.Ref{AOR: aor, Instance: id})
		if !chosen {
			err = fault.New(fault.Unreachable, "the phone of a GRUU of %s is not registered", aor)
		}
		return b, true, err
	}
	return b, false, nil
}
