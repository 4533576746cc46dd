package newcomer_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// A key made on the command line opens the API, and no more once it is revoked.
func TestAnAPIKeyOpensTheAPIUntilItIsRevoked(t *testing.T) {
	s := server.Start(t, server.Config{})
	key := strings.TrimSpace(s.Run(t, "apikey", "create", "--user", "billing"))
	ask := func() int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL("/api/v1/voip/rooms"), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-Key", key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		}()
		var body map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	if status := ask(); status != http.StatusOK {
		t.Fatalf("with the key: %d", status)
	}
	if strings.Contains(s.Log(), key) {
		t.Error("the key is in the log")
	}
	id, _, _ := strings.Cut(s.Run(t, "apikey", "list"), " ")
	s.Run(t, "apikey", "revoke", id)
	if status := ask(); status != http.StatusUnauthorized {
		t.Fatalf("with the revoked key: %d", status)
	}
}
