package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// mostAgain is how many failed tests are tried a second time; more than that are no accident.
const mostAgain = 3

// final are words after which no second try is an answer, however it ends.
var final = regexp.MustCompile(`DATA RACE|race detected|panic: |fatal error: |panicked|found unexpected goroutines|test timed out`)

// broken is a package that has failed.
type broken struct {
	tests []string // the failed ones, without those inside of others
	final bool
}

// retry is a package whose failed tests are worth a second try.
type retry struct {
	pkg   string
	tests []string
}

// run is the pattern that selects the tests, for go test's -run.
func (r *retry) run() string {
	quoted := make([]string, 0, len(r.tests))
	for _, name := range r.tests {
		quoted = append(quoted, regexp.QuoteMeta(name))
	}
	return "^(" + strings.Join(quoted, "|") + ")$"
}

// again gives what is worth a second try; none where anything has failed for good, or too much.
func (t *tally) again() (all []retry) {
	count := 0
	for pkg, b := range t.broken {
		if b.final || len(b.tests) == 0 {
			return nil
		}
		count += len(b.tests)
		all = append(all, retry{pkg, b.tests})
	}
	if count > mostAgain {
		return nil
	}
	slices.SortFunc(all, func(a, b retry) int { return strings.Compare(a.pkg, b.pkg) })
	return all
}

// secondTry runs once more what is worth it, and reports whether all of it passes then. Who is
// unsteady is named.
func (t *tally) secondTry(ctx context.Context, command []string) bool {
	retries := t.again()
	for _, r := range retries {
		fmt.Fprintf(t.out, "a second try: %s %s\n", r.pkg, strings.Join(r.tests, " "))
		second := newTally(t.out)
		code, err := second.run(ctx, r.command(command))
		if err != nil {
			fmt.Fprintln(t.out, "tally: the second try:", err)
		}
		if code != 0 || err != nil || second.passed == 0 {
			return false
		}
	}
	for _, r := range retries {
		for _, name := range r.tests {
			fmt.Fprintf(t.out, "UNSTEADY: %s of %s failed, and passed when it was tried again alone\n", name, r.pkg)
		}
	}
	return len(retries) > 0
}

// brokenIn is what is known of a package that has failed, or is about to.
func (t *tally) brokenIn(pkg string) *broken {
	if t.broken[pkg] == nil {
		t.broken[pkg] = &broken{}
	}
	return t.broken[pkg]
}

// command is the one that tries again: the first, with other packages and a pattern.
func (r *retry) command(first []string) []string {
	at := slices.Index(first, "--")
	if at < 0 {
		at = len(first)
	}
	return append(slices.Clone(first[:at]), "-run", r.run(), "--", r.pkg)
}
