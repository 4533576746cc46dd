#!/bin/bash
# Runs the tests of packages, as events for bin/tally, which runs it: those without peers
# two packages at a time, then those that place calls in real time with phones, browsers
# and an Asterisk, each package alone, so that none of them is starved of a core. It ends
# with 1 if tests have failed, with 2 if anything else is wrong.
#
#	scripts/test.sh [go test's flags] -- PACKAGES
set -uo pipefail
cd "$(dirname "$0")/.."
flags=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	flags+=("$1")
	shift
done
shift
list=$(go list "$@") || exit 2
alone=$(grep /e2e/ <<<"$list")
others=$(grep -v /e2e/ <<<"$list")
status=0 # go test's 1 says that tests have failed
run() {
	go test -json "${flags[@]}" "$@" || {
		local code=$?
		if [ $code -gt $status ]; then status=$code; fi
	}
}
# Package names have no spaces.
# shellcheck disable=SC2086
if [ -n "$others" ]; then run -p=2 $others; fi
# shellcheck disable=SC2086
if [ -n "$alone" ]; then run -p=1 $alone; fi
exit $status
