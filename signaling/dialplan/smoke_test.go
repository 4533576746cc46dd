package dialplan

import "testing"

func TestEvaluateSmoke(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{`"" != ""`, "0"}, {`"a" != ""`, "1"}, {`1+2*3`, "7"}, {`10/4`, "2.5"}, {`1 ? "a" :: "b"`, `"a"`}, {"10/3", "3.33333333333333333"},
	} {
		got, err := Evaluate(c.in)
		if err != nil || got != c.out {
			t.Errorf("%s = %q, %v; want %q", c.in, got, err, c.out)
		}
	}
}
