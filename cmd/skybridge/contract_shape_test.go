package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// Every POST that is answered takes an Idempotency-Key and says so: what comes again with it is
// answered as before, to the byte, and what shows a secret is not made again. What is made has an
// id of version 7.
func TestEveryPostIsDoneOnce(t *testing.T) {
	w := newWorld(t)
	meeting, alice := w.meeting()
	static := map[string]string{"meeting": meeting, "participant": alice, "recording": w.recording(meeting)}
	once := 0
	for _, op := range w.doc.Operations {
		if op.Method != http.MethodPost {
			continue
		}
		takes := false
		for _, p := range op.Parameters {
			takes = takes || p.In == "header" && p.Name == "Idempotency-Key"
		}
		path, body := w.request(op, static)
		header := w.alice.header
		if !slices.Contains(op.Roles, "user") {
			header = w.admin.header
		}
		w.here()
		key := "Idempotency-Key: " + w.name("key")
		first := w.asks(header, op.Method, path, body, key)
		if first.status >= 300 {
			if !slices.Contains(elsewhere, op.ID) {
				t.Errorf("%s: %d %s", op.ID, first.status, first.body)
			}
			continue
		}
		if first.status == http.StatusCreated != takes && !slices.Contains([]string{"join-room", "transfer-call"}, op.ID) {
			t.Errorf("%s is answered %d, and the document has it take a key: %v", op.ID, first.status, takes)
		}
		again := w.asks(header, op.Method, path, body, key)
		switch {
		case first.header.Get("Cache-Control") == "no-store":
			if again.code() != "secret_not_kept" || again.header.Get("Location") != first.header.Get("Location") {
				t.Errorf("%s again: %d %s", op.ID, again.status, again.body)
			}
		case again.status != first.status || !bytes.Equal(again.body, first.body) || again.header.Get("Location") != first.header.Get("Location"):
			t.Errorf("%s: %d %s\nagain: %d %s", op.ID, first.status, first.body, again.status, again.body)
		}
		once++
		if id, err := uuid.Parse(text(first.object(), "id")); slices.Contains([]string{"create-call", "create-room", "send-message", "send-signaling", "record-room"}, op.ID) && (err != nil || id.Version() != 7) {
			t.Errorf("%s makes %q", op.ID, text(first.object(), "id"))
		}
	}
	if once < 15 {
		t.Errorf("%d operations were done once", once)
	}
}

func (r reply) object() (m map[string]any) {
	if json.Unmarshal(r.body, &m) != nil {
		return nil
	}
	return m
}

// Every list is in pages: it takes limit and cursor, and gives items and next_cursor, which leads on.
func TestEveryListIsInPages(t *testing.T) {
	w := newWorld(t)
	for range 2 { // of what a page is to have one
		w.call()
		meeting, _ := w.meeting()
		w.recording(meeting)
		w.ban()
		ended, _ := w.call()
		w.makes(w.alice, "POST", "/calls/"+ended+"/end", nil)
		for _, id := range []string{"create-extension", "create-user", "create-api-key", "send-message"} {
			for _, op := range w.doc.Operations {
				if op.ID == id {
					path, body := w.request(op, nil)
					w.makes(w.admin, "POST", strings.TrimPrefix(path, apiBase), body)
				}
			}
		}
	}
	for _, op := range w.doc.Operations {
		if !strings.HasPrefix(op.ID, "list-") || op.ID == "list-asterisk-channels" { // which has ARI's own shape
			continue
		}
		var names []string
		for _, p := range op.Parameters {
			names = append(names, p.Name)
		}
		if !slices.Contains(names, "limit") || !slices.Contains(names, "cursor") {
			t.Errorf("%s takes %v", op.ID, names)
			continue
		}
		seen, cursor := []string{}, ""
		for range 100 {
			at := op.Path + "?limit=1"
			if cursor != "" {
				at += "&cursor=" + cursor
			}
			r := w.asks(w.admin.header, op.Method, at, nil)
			items, ok := r.object()["items"].([]any)
			if !ok || len(items) > 1 || r.status != http.StatusOK {
				t.Fatalf("%s: %d %s", at, r.status, r.body)
			}
			if len(items) == 1 {
				seen = append(seen, string(r.body))
			}
			next := text(r.object(), "next_cursor")
			if next == "" {
				break
			}
			cursor = next
		}
		if n := len(slices.Compact(slices.Sorted(slices.Values(seen)))); n != len(seen) || n < 2 && !slices.Contains([]string{"list-trunks", "list-ring-groups"}, op.ID) {
			t.Errorf("%s: %d pages, %d of them different", op.ID, len(seen), n)
		}
	}
}
