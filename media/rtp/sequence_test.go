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
				extended, order := s.Update(st.seq, false)
				if extended != st.extended || order != st.order {
					t.Fatalf("step %d: %#x %d, want %#x %d", i, extended, order, st.extended, st.order)
				}
			}
		})
	}
}

// Of a sender that sends again what was lost, packets far behind are late. It begins anew
// where numbers are ahead, or after a silence.
func TestSequenceResent(t *testing.T) {
	type step struct {
		seq      uint16
		silent   bool
		extended uint32
		order    Order
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"two in a row", []step{{400, false, 0x10190, Ahead}, {250, false, 0x100fa, Behind}, {251, false, 0x100fb, Behind}, {401, false, 0x10191, Ahead}}},
		{"over the wrap", []step{{65500, false, 0x1ffdc, Ahead}, {700, false, 0x202bc, Ahead}, {65501, false, 0x1ffdd, Behind}}},
		{"before the first", []step{{10, false, 0x1000a, Ahead}, {65535, false, 0xffff, Behind}}},
		{"latest", []step{{2000, false, 0x107d0, Ahead}, {1001, false, 0x103e9, Behind}, {1000, false, 0, Suspect}}},
		{"too late, in a row", []step{{2000, false, 0x107d0, Ahead}, {900, false, 0, Suspect}, {901, false, 0, Suspect}, {2001, false, 0x107d1, Ahead}}},
		{"begins lower", []step{{30000, false, 0x17530, Ahead}, {100, false, 0, Suspect}, {101, false, 0, Suspect}, {102, true, 0x20066, Restart}, {103, false, 0x20067, Ahead}}},
		{"one after a silence", []step{{30000, false, 0x17530, Ahead}, {100, true, 0, Suspect}, {30001, false, 0x17531, Ahead}}},
		{"begins ahead", []step{{5, false, 0x10005, Ahead}, {30000, false, 0, Suspect}, {30001, false, 0x27531, Restart}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Sequence{Resends: true}
			for i, st := range c.steps {
				extended, order := s.Update(st.seq, st.silent)
				if extended != st.extended || order != st.order {
					t.Fatalf("step %d: %#x %d, want %#x %d", i, extended, order, st.extended, st.order)
				}
			}
		})
	}
}
