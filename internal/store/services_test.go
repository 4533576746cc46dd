package store

import "testing"

func TestExtensionServices(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		one := ExtensionServices{Extension: "1001", Always: "1002", DND: true}
		two := ExtensionServices{Extension: "1000", Busy: "1", NoAnswer: "2", NoAnswerAfter: 15}
		ok(t, s.Services.Put(ctx, one))
		ok(t, s.Services.Put(ctx, two))
		got, err := s.Services.All(ctx)
		same(t, got, err, []ExtensionServices{two, one})
		one.DND, one.NoAnswer = false, "'); DROP TABLE extension_services;--"
		ok(t, s.Services.Put(ctx, one))
		ok(t, s.Services.Put(ctx, ExtensionServices{Extension: "1000"})) // nothing is on
		got, err = s.Services.All(ctx)
		same(t, got, err, []ExtensionServices{one})
	})
}
