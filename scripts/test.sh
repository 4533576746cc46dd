#!/bin/bash
# Runs the tests of packages, as events for bin/tally: those without peers two packages
# at a time, then those that place calls in real time with phones, browsers and an
# Asterisk, each package alone, so that none of them is starved of a core.
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
list=$(go list "$@") || exit
alone=$(grep /e2e/ <<<"$list")
others=$(grep -v /e2e/ <<<"$list")
status=0
# Package names have no spaces.
# shellcheck disable=SC2086
if [ -n "$others" ]; then go test -json "${flags[@]}" -p=2 $others || status=1; fi
# shellcheck disable=SC2086
if [ -n "$alone" ]; then go test -json "${flags[@]}" -p=1 $alone || status=1; fi
exit $status
