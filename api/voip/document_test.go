package voip_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/contract"
)

// document is the API's own description, against which every answer is checked.
type document struct {
	*contract.Document

	mu     sync.Mutex
	driven map[*contract.Operation]bool // to its success
}

func readDocument(t *testing.T, base string) *document {
	t.Helper()
	resp, err := http.Get(base + "/openapi.json")
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	http.DefaultClient.CloseIdleConnections()
	d, err := contract.Read(text)
	must(t, err)
	return &document{Document: d, driven: make(map[*contract.Operation]bool)}
}

// check holds an answer against the operation's description.
func (d *document) check(t *testing.T, method, path string, a answer) {
	t.Helper()
	op := d.Find(method, path)
	if op == nil {
		return
	}
	d.mu.Lock()
	d.driven[op] = d.driven[op] || a.status < 300
	d.mu.Unlock()
	if err := op.Check(a.status, a.header.Get("Content-Type"), a.body); err != nil {
		t.Fatalf("%s: %v", a.what, err)
	}
}
