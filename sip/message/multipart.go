package message

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// maxParts bounds what Part looks through in one multipart body.
const maxParts = 16

// Part is the body of that media type: the whole body, or that part of a
// multipart body (RFC 5621), or nil.
func (p *Parsed) Part(mediaType string) []byte {
	if strings.EqualFold(p.ContentType(), mediaType) {
		return p.raw.Body
	}
	if !strings.HasPrefix(p.ContentType(), "multipart/") {
		return nil
	}
	_, params, err := mime.ParseMediaType(p.raw.Headers.Value("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil
	}
	return partOf(p.raw.Body, params["boundary"], mediaType)
}

func partOf(body []byte, boundary, mediaType string) []byte {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		part, err := r.NextRawPart()
		if err != nil {
			return nil
		}
		t, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
		if !strings.EqualFold(trimSpace(t), mediaType) {
			continue
		}
		text, err := io.ReadAll(part) // no longer than the message was
		if err != nil {
			return nil
		}
		return text
	}
	return nil
}
