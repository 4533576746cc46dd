package main

import (
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	for _, ca := range []struct {
		name                    string
		in                      string
		passed, failed, skipped int
		says                    []string
	}{
		{
			name: "children count, parents do not",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"run","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}`,
			passed: 2,
			says:   []string{"ok  \tp\t0.1s\n"},
		},
		{
			name: "a failed child fails once, its output is shown",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"output","Package":"p","Test":"A/x","Output":"    a_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`,
			failed: 1,
			says:   []string{"a_test.go:1: wrong"},
		},
		{
			name: "a skip says why",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"    a_test.go:1: needs root\n"}
{"Action":"output","Package":"p","Test":"A","Output":"--- SKIP: A (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}`,
			skipped: 1,
			says:    []string{"skipped: A: needs root\n"},
		},
		{
			name: "a package that does not build is a failure",
			in: `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: no such thing\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			failed: 1,
			says:   []string{"p.go:1: no such thing\n", "FAIL\tp [build failed]\n"},
		},
		{
			name: "a test that takes the package down is a failure",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"panic: boom\n"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`,
			failed: 1,
			says:   []string{"panic: boom\n"},
		},
		{
			name: "words that are no event are passed on",
			in:   "go: downloading example.com/m v1.0.0",
			says: []string{"go: downloading example.com/m v1.0.0\n"},
		},
	} {
		t.Run(ca.name, func(t *testing.T) {
			var out strings.Builder
			c := newTally(&out)
			if err := c.read(strings.NewReader(ca.in)); err != nil {
				t.Fatal(err)
			}
			if c.passed != ca.passed || c.failed != ca.failed || c.skipped != ca.skipped {
				t.Errorf("%d passed, %d failed, %d skipped; want %d, %d, %d",
					c.passed, c.failed, c.skipped, ca.passed, ca.failed, ca.skipped)
			}
			for _, s := range ca.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("does not say %q:\n%s", s, out.String())
				}
			}
		})
	}
}
