// Package forks says which of the descriptions that a call's branches answer with is in
// effect: a proxy that forks has several phones ring at a time or one after the other, each
// in an early dialog of its own (RFC 3261 §13.2.1, RFC 6337 §3.1.1), and media can go to one
// of them only.
//
// It starts no goroutine.
package forks

import (
	"bytes"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// most bounds the branches that are remembered.
const most = 16

// Heard is what the branches of one call have answered. The zero Heard has heard nobody,
// and stays with the first.
type Heard struct {
	// Follow is whether a branch that describes its media is heard from then on in the place
	// of the one before (follow_early_media_fork).
	Follow bool
	// Many is whether another description of the same branch replaces its first
	// (accept_multiple_sdp_answers); RFC 3261 §13.2.1 has it ignored.
	Many bool

	branches []branch
	current  string // the tag of the branch whose description is in effect
	begun    bool
}

type branch struct {
	tag    string
	answer []byte
}

func (h *Heard) find(tag string) *branch {
	i := slices.IndexFunc(h.branches, func(b branch) bool { return b.tag == tag })
	if i < 0 {
		return nil
	}
	return &h.branches[i]
}

// Early takes the description in a provisional response of the branch with that tag. It
// reports whether it is to be put into effect; Use tells that it was.
func (h *Heard) Early(tag string, answer []byte) bool {
	b := h.find(tag)
	switch {
	case b == nil && len(h.branches) == most:
		return false
	case b == nil:
		h.branches = append(h.branches, branch{tag, answer})
	case !h.Many || bytes.Equal(b.answer, answer):
		return false
	default:
		b.answer = answer
	}
	return !h.begun || h.Follow || h.current == tag
}

// Use has the description of a branch in effect.
func (h *Heard) Use(tag string) { h.begun, h.current = true, tag }

// Moved takes what a branch has described since in place of its answer (UPDATE): heard again
// after another one, it is heard there.
func (h *Heard) Moved(tag string, description []byte) {
	if b := h.find(tag); b != nil {
		b.answer = description
	}
}

// Current reports whether a branch's description is in effect.
func (h *Heard) Current(tag string) bool { return h.begun && h.current == tag }

// Answer is what a branch answered early, nil for nothing.
func (h *Heard) Answer(tag string) []byte {
	if b := h.find(tag); b != nil {
		return b.answer
	}
	return nil
}

// Ended takes a branch that has ended (RFC 6228). What is given is of another one, to be put
// into effect in its place, nil for nothing.
func (h *Heard) Ended(tag string) (other string, answer []byte) {
	h.branches = slices.DeleteFunc(h.branches, func(b branch) bool { return b.tag == tag })
	if h.Current(tag) && len(h.branches) > 0 {
		last := h.branches[len(h.branches)-1]
		return last.tag, last.answer
	}
	return "", nil
}

// Final takes the 2xx of a branch and gives the description that is to be put into effect,
// nil for none. fault.NotAcceptable says that the branch never gave one.
func (h *Heard) Final(tag string, answer []byte) ([]byte, error) {
	before := h.Answer(tag)
	switch {
	case before == nil && len(answer) == 0 && !h.Current(tag):
		return nil, fault.New(fault.NotAcceptable, "a 2xx without an answer")
	case h.Current(tag) && (!h.Many || len(answer) == 0 || bytes.Equal(before, answer)):
		return nil, nil
	case before != nil && (!h.Many || len(answer) == 0):
		return before, nil
	}
	return answer, nil
}
