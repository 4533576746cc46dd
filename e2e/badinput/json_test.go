package badinput_test

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// A request that makes no sense is answered with a problem (RFC 9457) that says what
// is wrong, and the next one is served.
func TestMalformedJSONIsAProblemAndTheNextRequestServed(t *testing.T) {
	s := server.Start(t, server.Config{})
	token := s.Token(t, "alice")
	const calls, rooms = "/api/v1/voip/calls", "/api/v1/voip/rooms"
	ok := `{"name":"good"}`
	for name, tc := range map[string]struct {
		path, kind, body string
		status           int
	}{
		"cut off":              {calls, "application/json", `{"participants":["SIP/1001"`, 400},
		"no JSON":              {calls, "application/json", "participants=SIP/1001", 400},
		"nothing":              {calls, "application/json", "", 400},
		"two values":           {calls, "application/json", `{} {}`, 400},
		"a list":               {rooms, "application/json", `[]`, 422},
		"a number":             {rooms, "application/json", `7`, 422},
		"null":                 {rooms, "application/json", `null`, 422},
		"nobody":               {calls, "application/json", `{"participants":[],"call_type":"audio"}`, 422},
		"a wrong type":         {calls, "application/json", `{"participants":"SIP/1001","call_type":"audio"}`, 422},
		"an unknown field":     {rooms, "application/json", `{"name":"x","colour":"red"}`, 422},
		"a control character":  {rooms, "application/json", "{\"name\":\"a\x00b\"}", 400},
		"broken UTF-8":         {rooms, "application/json", "{\"name\":\"\xff\xfe\"}", 400},
		"ten thousand deep":    {rooms, "application/json", strings.Repeat("[", 10001) + strings.Repeat("]", 10001), 400},
		"a megabyte too long":  {rooms, "application/json", `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
		"another kind of text": {rooms, "text/plain", ok, 415},
		"an unknown number":    {calls, "application/json", `{"participants":["SIP/4711"],"call_type":"audio"}`, 404},
		"an unknown room":      {rooms + "/none/join", "application/json", `{}`, 404},
		"an unknown path":      {"/api/v1/voip/none", "application/json", `{}`, 404},
	} {
		t.Run(name, func(t *testing.T) {
			status, kind, body := post(t, s.URL(tc.path), token, tc.kind, tc.body)
			if status != tc.status || kind != "application/problem+json" {
				t.Errorf("%d %s, want %d and a problem:\n%s", status, kind, tc.status, body)
			}
			var problem struct {
				Status        int
				Title, Detail string
			}
			if err := json.Unmarshal(body, &problem); err != nil || problem.Status != tc.status || problem.Title+problem.Detail == "" {
				t.Errorf("problem %+v, %v\n%s", problem, err, body)
			}
			if status, _, body := post(t, s.URL(rooms), token, "application/json", ok); status != http.StatusCreated {
				t.Errorf("the next request: %d %s", status, body)
			}
		})
	}
}

// post sends a body and gives the answer's status, media type and body.
func post(t *testing.T, url, token, kind, body string) (status int, media string, answer []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	if media, _, err = mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil {
		t.Errorf("media type of the answer: %v", err)
	}
	return resp.StatusCode, media, answer
}
