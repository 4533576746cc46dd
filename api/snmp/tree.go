package snmp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// oid is the name of an object.
type oid []uint32

const maxArcs = 128 // RFC 3416 §4.1

func parseOID(text string) (oid, error) {
	parts := strings.Split(strings.TrimPrefix(text, "."), ".")
	if len(parts) > maxArcs {
		return nil, fmt.Errorf("a name of %d numbers, at most %d", len(parts), maxArcs)
	}
	out := make(oid, len(parts))
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("name %.64q: %w", text, err)
		}
		out[i] = uint32(n)
	}
	return out, nil
}

// mustOID is of a name in this package.
func mustOID(text string) oid {
	out, err := parseOID(text)
	if err != nil {
		panic(err)
	}
	return out
}

func (o oid) String() string {
	var b strings.Builder
	for _, n := range o {
		b.WriteByte('.')
		b.WriteString(strconv.FormatUint(uint64(n), 10))
	}
	return b.String()
}

// variable is an object with its value.
type variable struct {
	name  oid
	kind  gosnmp.Asn1BER
	value any
}

func (v variable) pdu() gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: v.name.String(), Type: v.kind, Value: v.value}
}

// tree has all objects in the order of their names.
type tree []variable

func (t tree) find(name oid) (int, bool) {
	return slices.BinarySearchFunc(t, name, func(v variable, name oid) int { return slices.Compare(v.name, name) })
}

// get is the object of a name. One that there is not says whether there could be (RFC 3416 §4.2.1).
func (t tree) get(name oid) gosnmp.SnmpPDU {
	i, ok := t.find(name)
	if ok {
		return t[i].pdu()
	}
	missing := gosnmp.SnmpPDU{Name: name.String(), Type: gosnmp.NoSuchObject}
	for _, v := range t { // the same object, of another instance
		if n := len(v.name) - 1; len(name) >= n && slices.Equal(v.name[:n], name[:n]) {
			missing.Type = gosnmp.NoSuchInstance
			break
		}
	}
	return missing
}

// next is the first object after a name.
func (t tree) next(name oid) gosnmp.SnmpPDU {
	i, ok := t.find(name)
	if ok {
		i++
	}
	if i == len(t) {
		return gosnmp.SnmpPDU{Name: name.String(), Type: gosnmp.EndOfMibView}
	}
	return t[i].pdu()
}
