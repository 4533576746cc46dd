#!/bin/bash
# bench.sh measures Skybridge beside a program that only receives and sends, Asterisk,
# Janus and rtpengine, phones and browsers: interleaved, servers on one core and the load client on another. It
# brings the peers where root allows it and writes the figures into docs/benchmarks.md.
#
# usage: bench.sh        about half an hour; fails if 100,000 calls leave anything behind
#        BENCH=short bench.sh   one round, some 5 minutes, printed and not written
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

cache=${SKYBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/skybridge}
args=()
if [ "${BENCH:-}" = short ]; then
	args+=(--short)
else
	args+=(--page docs/benchmarks.md)
fi

# What cannot be had is a line 'skipped', here and in the report. Daemons that Debian
# starts with their package are not wanted.
policy=/usr/sbin/policy-rc.d
if [ "$(id -u)" = 0 ] && [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
	trap 'rm -f "$policy"' EXIT
fi
scripts/apt-need.sh util-linux espeak-ng
for peer in janus rtpengine-daemon; do
	scripts/apt-need.sh "$peer"
done
if [ "$(id -u)" = 0 ]; then
	scripts/apt-need.sh debootstrap && testdata/peers/asterisk/build.sh >/dev/null ||
		echo "skipped: asterisk: its folder could not be built"
else
	echo "skipped: asterisk: needs root to build and enter its folder"
fi

# Speech for Opus; without espeak-ng some is made up.
mkdir -p "$cache"
speech=$cache/bench-speech.wav
if [ -s "$speech" ] || espeak-ng -v en-us -s 150 -w "$speech" \
	"The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. It's easy to tell the depth of a well."; then
	args+=(--speech "$speech")
fi

bin/skybridge bench compare "${args[@]}" || exit
if [ "${BENCH:-}" != short ]; then
	bin/skybridge bench soak
fi
