#!/bin/bash
# apt-need.sh installs the named Debian packages that are missing, as root or
# through sudo. It says nothing when there is nothing to do, and prints one line
# 'skipped: NAME: reason' for each package that it cannot install.
#
# usage: apt-need.sh PACKAGE...
#
# Exits 1 when a package is still missing at the end.
set -euo pipefail

missing() {
	local p
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || echo "$p"
	done
}

skip() {
	local reason=$1 p
	shift
	for p in "$@"; do
		echo "skipped: $p: $reason"
	done
	exit 1
}

mapfile -t want < <(missing "$@")
[ ${#want[@]} -gt 0 ] || exit 0
command -v apt-get >/dev/null || skip "no apt-get on this machine" "${want[@]}"

if [ "$(id -u)" = 0 ]; then
	root=()
elif ! command -v sudo >/dev/null; then
	skip "needs root, and there is no sudo" "${want[@]}"
elif sudo -n true 2>/dev/null; then
	root=(sudo -n)
elif [ -t 0 ]; then
	root=(sudo)
else
	skip "needs root, and sudo asks for a password" "${want[@]}"
fi

apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }

echo "installing: ${want[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt update >"$log" 2>&1 || skip "apt-get update failed: $(tail -n 1 "$log")" "${want[@]}"
if ! apt install -y --no-install-recommends "${want[@]}" >"$log" 2>&1; then
	# One that cannot be had must not keep the others away.
	for p in "${want[@]}"; do
		apt install -y --no-install-recommends "$p" >"$log" 2>&1 ||
			echo "skipped: $p: apt-get install failed: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"
	done
fi
[ -z "$(missing "${want[@]}")" ]
