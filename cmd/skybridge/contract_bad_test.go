package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unknownID is of nothing.
const unknownID = "0193d7c0-0000-7000-8000-000000000000"

// What the document excludes is refused, and the answer names the place: each member of each body
// missing, of another type, too small, too large, too short, too long (413), null where it has to
// be there, and such as nobody knows; each parameter of the queries likewise.
func TestBadInputIsNamed(t *testing.T) {
	w := newWorld(t)
	meeting, alice := w.meeting()
	static := map[string]string{"meeting": meeting, "participant": alice, "recording": w.recording(meeting)}
	tried := 0
	for _, op := range w.doc.Operations {
		schema, needed := op.Body()
		if op.Public || slices.Contains(upgrades, op.ID) || schema == nil && len(op.Parameters) == 0 {
			continue
		}
		path, body := w.request(op, static)
		header := w.alice.header
		if !slices.Contains(op.Roles, "user") {
			header = w.admin.header
		}
		for _, f := range slices.Concat(op.BadBodies(body), op.BadParameters()) {
			at, in, more := path, body, []string(nil)
			switch {
			case f.Query != "":
				name, value, _ := strings.Cut(f.Query, "=")
				at += "?" + name + "=" + url.QueryEscape(value)
			case f.Header != "":
				more = []string{strings.TrimPrefix(f.At, "header.") + ": " + f.Header}
			default:
				in = f.Body
			}
			r := w.asks(header, op.Method, at, in, more...)
			tried++
			if r.status != f.Status || !slices.Contains(r.fields(), f.At) {
				t.Errorf("%s: %s: %d, want %d at %s: %s", op.ID, f.What, r.status, f.Status, f.At, r.body)
			}
		}
		if needed {
			if r := w.asks(header, op.Method, path, nil); r.status != http.StatusBadRequest && r.status != http.StatusUnprocessableEntity {
				t.Errorf("%s without a body: %d %s", op.ID, r.status, r.body)
			}
		}
	}
	if tried < 250 {
		t.Errorf("%d faults were tried", tried)
	}
	t.Logf("%d faults", tried)
}

// fields are the places that a problem names.
func (r reply) fields() (out []string) {
	var p struct {
		Errors []struct{ Location string }
	}
	if json.Unmarshal(r.body, &p) == nil {
		for _, e := range p.Errors {
			out = append(out, e.Location)
		}
	}
	return out
}

// Whatever a path names that is not there, or that cannot be, is not found: an id that is none, one
// of nothing, one that is far too long, one with signs in it.
func TestPathsThatNameNothing(t *testing.T) {
	w := newWorld(t)
	room := w.room()
	call, _ := w.call()
	for _, op := range w.doc.Operations {
		if !strings.Contains(op.Path, "{") {
			continue
		}
		header := w.alice.header
		if !slices.Contains(op.Roles, "user") || op.Owner == "line" {
			header = w.admin.header
		}
		body := samples[op.ID]
		for _, id := range []string{unknownID, "1", "no-uuid", strings.Repeat("x", 65), strings.Repeat("7", 1000), unknownID[1:], "%00", "%2e%2e%2f", "%F0%9F%93%9E", "'--"} {
			paths := []string{strings.ReplaceAll(strings.ReplaceAll(op.Path, "{id}", id), "{pid}", unknownID)}
			if strings.Contains(op.Path, "{pid}") {
				known := room
				if strings.Contains(op.Path, "/calls/") {
					known = call
				}
				paths = append(paths, strings.ReplaceAll(strings.ReplaceAll(op.Path, "{id}", known), "{pid}", id))
			}
			for _, path := range paths {
				for _, name := range []string{"{address}", "{number}", "{extension}"} {
					path = strings.ReplaceAll(path, name, id)
				}
				r := w.asks(header, op.Method, path, body)
				if r.status != http.StatusNotFound {
					t.Errorf("%s %s: %d %s", op.Method, path, r.status, r.body)
				}
			}
		}
	}
}

// A part of a recording's file can be fetched, and how large it is be asked.
func TestPartsOfARecording(t *testing.T) {
	w := newWorld(t)
	meeting, _ := w.meeting()
	path := apiBase + "/recordings/" + w.recording(meeting) + "/file"
	whole := w.asks(w.alice.header, "GET", path, nil)
	size := len(whole.body)
	if whole.status != http.StatusOK || size < 44 || whole.header.Get("Accept-Ranges") != "bytes" || string(whole.body[:4]) != "RIFF" {
		t.Fatalf("%d, %d bytes, %v", whole.status, size, whole.header)
	}
	head := w.asks(w.alice.header, "HEAD", path, nil)
	if head.status != http.StatusOK || head.header.Get("Content-Length") != strconv.Itoa(size) || len(head.body) != 0 {
		t.Errorf("HEAD: %d, %v", head.status, head.header)
	}
	for _, tc := range []struct {
		header, ifRange string
		status          int
		body, told      string
	}{
		{"bytes=8-11", "", 206, "WAVE", fmt.Sprintf("bytes 8-11/%d", size)},
		{fmt.Sprintf("bytes=-%d", size-8), whole.header.Get("ETag"), 206, string(whole.body[8:]), fmt.Sprintf("bytes 8-%d/%d", size-1, size)},
		{"bytes=8-11", `"another"`, 200, string(whole.body), ""},
		{"bytes=8-11,20-21", "", 200, string(whole.body), ""},
		{fmt.Sprintf("bytes=%d-", size), "", 416, "", fmt.Sprintf("bytes */%d", size)},
	} {
		r := w.asks(w.alice.header, "GET", path, nil, "Range: "+tc.header, "If-Range: "+tc.ifRange)
		if r.status != tc.status || string(r.body) != tc.body || r.header.Get("Content-Range") != tc.told {
			t.Errorf("%s: %d, %d bytes, %v", tc.header, r.status, len(r.body), r.header)
		}
	}
}
