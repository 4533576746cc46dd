package chat

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat/quota"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// A user writes so much at once and no more; a service has no such bound, and nobody a room of more
// than a message may be for.
func TestBounds(t *testing.T) {
	sc := store.Default()
	sc.Path = store.Memory
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), sc, log)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	var inside []string
	s := New(Config{
		Store: db.Messages, Hub: fanout.NewHub(), Now: time.Now, Log: log,
		Members: func(auth.Principal, string) ([]string, error) { return inside, nil },
		Quota:   quota.Rate{PerDay: 1000, Burst: 2*(overhead+1000) + 10},
	})
	defer s.Close()
	text := strings.Repeat("x", 1000)
	user, service := auth.Principal{User: "ana", Roles: []auth.Role{auth.RoleUser}}, auth.Principal{User: "machine", Roles: []auth.Role{auth.RoleService}}
	for i, want := range []string{"", "", "messages_limit"} {
		_, err := s.Send(t.Context(), user, "bo", text)
		if got := codeOf(err); got != want {
			t.Errorf("message %d: %v", i, err)
		}
		_, err = s.Send(t.Context(), service, "bo", text)
		must(t, err)
	}
	if all, err := db.Messages.List(t.Context(), store.MessageQuery{User: "ana"}); err != nil || len(all) != 2 {
		t.Errorf("%d messages are kept, %v", len(all), err)
	}
	for i := range store.MaxMessageRecipients {
		inside = append(inside, fmt.Sprint("user", i))
	}
	_, err = s.Send(t.Context(), service, "room:1", text)
	must(t, err)
	inside = append(inside, "one more")
	_, err = s.Send(t.Context(), service, "room:1", text)
	var field *rest.FieldError
	if codeOf(err) != "room_too_large" || fault.Of(err) != fault.TooLarge || !errors.As(err, &field) || field.Field != "body.to" {
		t.Errorf("to more than may be: %v", err)
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.CodeOf(err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
