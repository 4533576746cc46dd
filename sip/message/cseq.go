package message

import (
	"errors"
	"strconv"
)

// maxCSeq is the largest sequence number (RFC 3261 §8.1.1.5).
const maxCSeq = 1<<31 - 1

func parseCSeq(s string) (uint32, string, error) {
	s = trimSpace(s)
	end := 0
	for end < len(s) && s[end] != ' ' && s[end] != '\t' {
		end++
	}
	if end == len(s) {
		return 0, "", errors.New("cseq without a method")
	}
	n, err := strconv.ParseUint(s[:end], 10, 32)
	if err != nil || n > maxCSeq {
		return 0, "", errors.New("cseq number out of range")
	}
	method := trimSpace(s[end:])
	if !isToken(method) {
		return 0, "", errors.New("bad method in cseq")
	}
	return uint32(n), method, nil
}

// FormatCSeq is the value of a CSeq header.
func FormatCSeq(n uint32, method string) string {
	return strconv.FormatUint(uint64(n), 10) + " " + method
}
