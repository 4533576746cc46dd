package rtp

import "testing"

func TestSequence(t *testing.T) {
	type step struct {
		seq      uint16
		extended uint32
		order    Order
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"in order", []step{{7, 0x10007, Ahead}, {8, 0x10008, Ahead}, {9, 0x10009, Ahead}}},
		{"wrap", []step{{0xfffe, 0x1fffe, Ahead}, {0xffff, 0x1ffff, Ahead}, {0, 0x20000, Ahead}, {1, 0x20001, Ahead}}},
		{"loss over the wrap", []step{{0xffff, 0x1ffff, Ahead}, {4, 0x20004, Ahead}}},
		{"late over the wrap", []step{{0xffff, 0x1ffff, Ahead}, {1, 0x20001, Ahead}, {0, 0x20000, Behind}, {0xfffe, 0x1fffe, Behind}}},
		{"before the first", []step{{0, 0x10000, Ahead}, {0xffff, 0xffff, Behind}}},
		{"twice", []step{{5, 0x10005, Ahead}, {5, 0x10005, Behind}}},
		{"one stray", []step{{5, 0x10005, Ahead}, {30000, 0, Suspect}, {6, 0x10006, Ahead}, {30001, 0, Suspect}}},
		{"restart", []step{{5, 0x10005, Ahead}, {30000, 0, Suspect}, {30001, 0x27531, Restart}, {30002, 0x27532, Ahead}}},
		{"restart lower", []step{{30000, 0x17530, Ahead}, {100, 0, Suspect}, {101, 0x20065, Restart}}},
		{"restart over the wrap", []step{{30000, 0x17530, Ahead}, {0xffff, 0, Suspect}, {0, 0x20000, Restart}}},
		{"largest step", []step{{0, 0x10000, Ahead}, {2999, 0x10bb7, Ahead}, {2999 + 3000, 0, Suspect}}},
		{"latest", []step{{200, 0x100c8, Ahead}, {101, 0x10065, Behind}, {100, 0, Suspect}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Sequence
			for i, st := range c.steps {
				extended, order := s.Update(st.seq)
				if extended != st.extended || order != st.order {
					t.Fatalf("step %d: %#x %d, want %#x %d", i, extended, order, st.extended, st.order)
				}
			}
		})
	}
}
