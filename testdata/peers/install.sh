#!/bin/bash
# install.sh brings what the end-to-end tests talk to onto a Debian machine:
# phones (baresip, linphonec, SIPp), a proxy (Kamailio), a TURN client (coturn's), a conference server (Janus), browsers (Chromium, Firefox), their SIP clients (JsSIP, SIP.js)
# and an Asterisk 22 in a folder of its own. What is there already is left alone;
# what cannot be had here is one line 'skipped: NAME: reason', and the tests that
# need it skip with the same reason.
#
# SKYBRIDGE_CACHE overrides the folder that holds Asterisk and the npm packages.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
cache=${SKYBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/skybridge}
mkdir -p "$cache"

# The system's packages. ip makes the hosts of network tests.
"$here/../../scripts/apt-need.sh" \
	gcc libc6-dev pkg-config libopus-dev \
	sip-tester baresip-core kamailio linphone-cli chromium ffmpeg sox espeak-ng asterisk-core-sounds-en-wav iproute2 util-linux debootstrap \
	firefox-esr postgresql libbcg729-0 qemu-user-static sipvicious sipsak sslscan openssl coturn nftables snmp janus

# Asterisk.
if [ "$(id -u)" = 0 ]; then
	root=(env)
elif sudo -n true 2>/dev/null; then
	root=(sudo -n env)
else
	root=()
fi
if [ ${#root[@]} = 0 ]; then
	echo "skipped: asterisk: needs root to build and enter its folder"
elif ! PATH=$PATH:/usr/sbin command -v debootstrap >/dev/null; then
	echo "skipped: asterisk: no debootstrap"
elif ! "${root[@]}" unshare --mount --pid --fork true 2>/dev/null; then
	echo "skipped: asterisk: no mount namespaces on this machine"
else
	"${root[@]}" SKYBRIDGE_CACHE="$cache" "$here/asterisk/build.sh" >/dev/null ||
		echo "skipped: asterisk: its folder could not be built, see above"
fi

# The browser's SIP clients, bundled.
npm_peers() {
	local want log=$cache/npm.log dir=$cache/npm
	want=$(cat "$here"/npm/*.js* | sha256sum | cut -d' ' -f1)
	[ "$(cat "$dir/dist/recipe" 2>/dev/null)" = "$want" ] && return
	if ! command -v npm >/dev/null; then
		"$here/../../scripts/apt-need.sh" npm || return 0
	fi
	rm -rf "$dir" && mkdir -p "$dir" && cp "$here"/npm/*.js* "$dir/" || return
	if (cd "$dir" && npm ci --ignore-scripts && npm run build) >"$log" 2>&1; then
		echo "$want" >"$dir/dist/recipe"
	else
		echo "skipped: jssip, sip.js: npm failed: $(grep -m 1 -i 'error' "$log" || tail -n 1 "$log")"
	fi
}

# What builds the TypeScript SDK, and checks that what is committed is what it builds.
sdk_tools() {
	local want log=$cache/sdk.log dir=$cache/sdk sdk=$here/../../web/sdk
	want=$(cat "$sdk"/package*.json "$sdk/.npmrc" | sha256sum | cut -d' ' -f1)
	[ "$(cat "$dir/recipe" 2>/dev/null)" = "$want" ] && return
	command -v npm >/dev/null || return 0 # said above
	rm -rf "$dir" && mkdir -p "$dir" && cp "$sdk"/package*.json "$sdk/.npmrc" "$dir/" || return
	if (cd "$dir" && npm ci --ignore-scripts) >"$log" 2>&1; then
		echo "$want" >"$dir/recipe"
	else
		echo "skipped: sdk: npm failed: $(grep -m 1 -i 'error' "$log" || tail -n 1 "$log")"
	fi
}
(
	flock 9
	npm_peers
	sdk_tools
) 9>"$cache/npm.lock"
exit 0
