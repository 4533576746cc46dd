package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// messageID is the id-th UUID of version 7.
func messageID(id int) string { return fmt.Sprintf("01932b2c-0000-7000-8000-%012x", id) }

func idsOf(all []Message) (ids string) {
	for _, m := range all {
		ids += strings.TrimLeft(m.ID[24:], "0") + " "
	}
	return strings.TrimSpace(ids)
}

func TestMessages(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		first := Message{ID: messageID(1), From: "ana", To: "bo", Body: "'); DROP TABLE messages;-- \u2603", Created: noon}
		for _, m := range []Message{
			first,
			{ID: messageID(2), From: "bo", To: "ana", Created: noon.Add(time.Second)},
			{ID: messageID(3), From: "eve", To: "bo", Created: noon.Add(2 * time.Second)},
		} {
			ok(t, s.Messages.Put(ctx, m))
		}
		ok(t, s.Messages.Put(ctx, Message{ID: messageID(4), From: "ana", Room: "r", Created: noon.Add(3 * time.Second)}, "ana", "bo", "cy"))

		got, err := s.Messages.Waiting(ctx, "bo", "", 1)
		same(t, got, err, []Message{first})
		waiting := func(user, after, want string) {
			t.Helper()
			got, err := s.Messages.Waiting(ctx, user, after, 10)
			same(t, idsOf(got), err, want)
		}
		waiting("bo", "", "1 3 4")
		waiting("bo", messageID(1), "3 4")
		waiting("ana", "", "2")
		waiting("cy", "", "4")
		ok(t, s.Messages.Delivered(ctx, "bo", noon, messageID(3), messageID(2), messageID(9)))
		waiting("bo", "", "1 4")
		waiting("ana", "", "2")

		for _, tt := range []struct {
			q    MessageQuery
			want string
		}{
			{MessageQuery{User: "bo"}, "4 3 2 1"},
			{MessageQuery{User: "bo", Limit: 2}, "4 3"},
			{MessageQuery{User: "bo", Limit: 2, Before: messageID(3)}, "2 1"},
			{MessageQuery{User: "bo", With: "ana"}, "2 1"},
			{MessageQuery{User: "ana", With: "bo", Limit: 1, Before: messageID(2)}, "1"},
			{MessageQuery{User: "ana", With: "eve"}, ""},
			{MessageQuery{User: "cy", Room: "r"}, "4"},
			{MessageQuery{User: "eve", Room: "r"}, ""},
			{MessageQuery{User: "nobody"}, ""},
		} {
			got, err := s.Messages.List(ctx, tt.q)
			same(t, idsOf(got), err, tt.want)
		}

		n, err := s.Messages.Purge(ctx, noon.Add(2*time.Second))
		same(t, n, err, 2)
		waiting("bo", "", "4")
		var parties int
		ok(t, s.row(ctx, `SELECT COUNT(*) FROM message_parties`, nil, &parties))
		same(t, parties, nil, 5)
	})
}

func TestMessagesAreBounded(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		good := Message{ID: messageID(1), From: "ana", To: "bo", Body: strings.Repeat("x", MaxMessageBody)}
		ok(t, s.Messages.Put(ctx, good))
		for name, tt := range map[string]struct {
			change func(*Message)
			also   []string
			want   fault.Kind
		}{
			"the same ID":        {func(m *Message) { m.ID = messageID(1) }, nil, fault.Conflict},
			"no ID":              {func(m *Message) { m.ID = "" }, nil, fault.Invalid},
			"an ID of version 4": {func(m *Message) { m.ID = "11111111-1111-4111-8111-111111111111" }, nil, fault.Invalid},
			"an ID in capitals":  {func(m *Message) { m.ID = strings.ToUpper(messageID(10)) }, nil, fault.Invalid},
			"from nobody":        {func(m *Message) { m.From = "" }, nil, fault.Invalid},
			"to nobody":          {func(m *Message) { m.To = "" }, nil, fault.Invalid},
			"to both":            {func(m *Message) { m.Room = "r" }, nil, fault.Invalid},
			"to two":             {func(*Message) {}, []string{"cy"}, fault.Invalid},
			"to a crowd":         {func(m *Message) { m.To, m.Room = "", "r" }, make([]string, MaxMessageRecipients+1), fault.Invalid},
			"long":               {func(m *Message) { m.Body += "x" }, nil, fault.TooLarge},
		} {
			m := good
			m.ID = messageID(2)
			tt.change(&m)
			if err := s.Messages.Put(ctx, m, tt.also...); err == nil || fault.Of(err) != tt.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, limit := range []int{-1, MaxMessagePage + 1} {
			_, err := s.Messages.List(ctx, MessageQuery{User: "ana", Limit: limit})
			kind(t, err, fault.Invalid)
			_, err = s.Messages.Waiting(ctx, "ana", "", limit)
			kind(t, err, fault.Invalid)
		}
	})
}

// More than are deleted at one time go too.
func TestManyOldMessages(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		const many = 2*purgedAtOnce + 1
		ok(t, s.writer.write(ctx, func(t *tx) error {
			for i := range many {
				m := Message{ID: messageID(i), From: "ana", To: "bo", Created: noon}
				if err := m.put(t, nil); err != nil {
					return err
				}
			}
			return nil
		}))
		n, err := s.Messages.Purge(ctx, noon)
		same(t, n, err, 0)
		n, err = s.Messages.Purge(ctx, noon.Add(time.Second))
		same(t, n, err, many)
		n, err = s.Messages.Purge(ctx, noon.Add(time.Second))
		same(t, n, err, 0)
	})
}

// However much one author, or ten, write to a user: of each so many wait, and who writes little
// waits too. What waits no more is kept all the same.
func TestLoudAuthors(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		id := 0
		write := func(many int, m Message, recipients ...string) {
			t.Helper()
			ok(t, s.writer.write(ctx, func(t *tx) error {
				for range many {
					id++
					m.ID = messageID(id)
					if err := m.put(t, recipients); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		of := func(user string) (authors map[string]int, oldest string) {
			t.Helper()
			got, err := s.Messages.Waiting(ctx, user, "", MaxMessagePage)
			ok(t, err)
			authors = map[string]int{}
			for _, m := range got {
				authors[m.From]++
			}
			return authors, idsOf(got[:1])
		}
		write(MaxWaitingOfOne, Message{From: "loud0", To: "bo"}, "bo")
		authors, oldest := of("bo")
		same(t, authors, nil, map[string]int{"loud0": MaxWaitingOfOne})
		same(t, oldest, nil, "1")
		write(2, Message{From: "loud0", Room: "r"}, "bo", "cy", "loud0")
		authors, oldest = of("bo")
		same(t, authors, nil, map[string]int{"loud0": MaxWaitingOfOne})
		same(t, oldest, nil, "3")
		authors, _ = of("cy")
		same(t, authors, nil, map[string]int{"loud0": 2})
		write(1, Message{From: "ana", To: "bo"}, "bo")
		for i := 1; i < MaxWaiting/MaxWaitingOfOne; i++ {
			write(MaxWaitingOfOne, Message{From: fmt.Sprint("loud", i), To: "bo"}, "bo")
		}
		// The thousand and first has taken the place of one of the loudest, the first by name.
		want := map[string]int{"ana": 1, "loud0": MaxWaitingOfOne - 1}
		for i := 1; i < MaxWaiting/MaxWaitingOfOne; i++ {
			want[fmt.Sprint("loud", i)] = MaxWaitingOfOne
		}
		authors, oldest = of("bo")
		same(t, authors, nil, want)
		same(t, oldest, nil, "4")
		write(1, Message{From: "cy", To: "bo"}, "bo")
		want["cy"], want["loud1"] = 1, MaxWaitingOfOne-1
		authors, _ = of("bo")
		same(t, authors, nil, want)
		all, err := s.Messages.List(ctx, MessageQuery{User: "bo", With: "loud0", Limit: MaxMessagePage})
		same(t, len(all), err, MaxWaitingOfOne)
	})
}

// What waits is known by its author also where it has come before authors were noted.
func TestAuthorsAreMigrated(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		p, err := s.migrations()
		ok(t, err)
		_, err = p.DownTo(ctx, 8)
		ok(t, err)
		for i := range MaxWaitingOfOne {
			_, err = s.writes.ExecContext(ctx, `INSERT INTO messages (`+messageColumns+`) VALUES ($1, 'ana', 'bo', '', 'x', 0)`, messageID(i+1))
			ok(t, err)
			_, err = s.writes.ExecContext(ctx, `INSERT INTO message_parties (user_id, message_id, delivered) VALUES ('bo', $1, 0)`, messageID(i+1))
			ok(t, err)
		}
		_, err = p.Up(ctx)
		ok(t, err)
		ok(t, s.Messages.Put(ctx, Message{ID: messageID(5000), From: "ana", To: "bo"}))
		got, err := s.Messages.Waiting(ctx, "bo", "", MaxMessagePage)
		same(t, len(got), err, MaxWaitingOfOne)
		same(t, idsOf(got[:1]), nil, "2")
	})
}
