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
			full, err := s.Messages.Put(ctx, m)
			same(t, full, err, nil)
		}
		full, err := s.Messages.Put(ctx, Message{ID: messageID(4), From: "ana", Room: "r", Created: noon.Add(3 * time.Second)}, "ana", "bo", "cy")
		same(t, full, err, nil)

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
		_, err := s.Messages.Put(ctx, good)
		ok(t, err)
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
			if _, err := s.Messages.Put(ctx, m, tt.also...); err == nil || fault.Of(err) != tt.want {
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
				if _, err := m.put(t, nil); err != nil {
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

// Who is sent more than may wait gets no more, and the others of the room do.
func TestFullMailbox(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ok(t, s.writer.write(ctx, func(t *tx) error {
			for i := range MaxWaiting {
				m := Message{ID: messageID(i), From: "ana", To: "bo"}
				if _, err := m.put(t, nil); err != nil {
					return err
				}
				if err := t.exec(putParty, "bo", m.ID, 0); err != nil {
					return err
				}
			}
			return nil
		}))
		_, err := s.Messages.Put(ctx, Message{ID: messageID(5000), From: "ana", To: "bo"})
		kind(t, err, fault.TooMany)
		same(t, fault.CodeOf(err), nil, "mailbox_full")
		got, err := s.Messages.List(ctx, MessageQuery{User: "ana", Limit: 1})
		same(t, idsOf(got), err, strings.TrimLeft(messageID(MaxWaiting - 1)[24:], "0")) // nothing of it was kept
		full, err := s.Messages.Put(ctx, Message{ID: messageID(5001), From: "ana", Room: "r"}, "bo", "cy")
		same(t, full, err, []string{"bo"})
		got, err = s.Messages.Waiting(ctx, "cy", "", 10)
		same(t, len(got), err, 1)
		ok(t, s.Messages.Delivered(ctx, "bo", noon, messageID(0)))
		_, err = s.Messages.Put(ctx, Message{ID: messageID(5002), From: "ana", To: "bo"})
		ok(t, err)
	})
}
