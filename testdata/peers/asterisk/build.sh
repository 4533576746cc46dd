#!/bin/bash
# build.sh makes the Asterisk 22 that the end-to-end tests talk to: a Debian sid
# root in the cache folder, to be entered with chroot. It is built aside and
# renamed, so a root that exists is whole; it is built again when this file
# changes. Every mount lives in a mount namespace of its own, so none outlives
# the script, however it ends.
#
# usage: build.sh          prints the root's folder when done
#
# SKYBRIDGE_CACHE overrides the cache folder. Needs root.
set -euo pipefail

self=$(readlink -f "$0")
cache=${SKYBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/skybridge}
root=$cache/asterisk22
packages="asterisk asterisk-modules"

# mirror prints the address of the package mirror this machine uses.
mirror() {
	local found
	found=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
		awk '$3 == "main" && $1 ~ /^https?:/ && $1 !~ /security/ && $2 !~ /-/ { print $1; exit }') || true
	echo "${found:-http://deb.debian.org/debian/}"
}

# install runs inside the namespaces: $1 is the folder to fill.
install() {
	local dir=$1 url
	url=$(mirror)
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	if [ -n "${proxy:-}" ] && [ "$proxy" != DIRECT ]; then
		export http_proxy=$proxy
	fi
	debootstrap --variant=minbase sid "$dir" "$url"

	# The root's apt goes the way the machine's goes.
	apt-config dump | grep -E '^Acquire::(https?|Retries|Check)' >"$dir/etc/apt/apt.conf.d/10machine" || true
	cat >"$dir/etc/apt/apt.conf.d/20root" <<-CONF
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
	CONF
	cat >"$dir/etc/dpkg/dpkg.cfg.d/root" <<-CONF
		force-unsafe-io
		path-exclude=/usr/share/doc/*
		path-exclude=/usr/share/man/*
		path-exclude=/usr/share/locale/*
	CONF
	printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
	chmod 755 "$dir/usr/sbin/policy-rc.d"
	printf '127.0.0.1 localhost %s\n' "$(hostname)" >"$dir/etc/hosts"
	cp -L /etc/resolv.conf "$dir/etc/resolv.conf"

	mountpoint -q "$dir/proc" || mount -t proc proc "$dir/proc"
	mount --rbind /dev "$dir/dev"
	export DEBIAN_FRONTEND=noninteractive LC_ALL=C
	chroot "$dir" apt-get -q update
	# shellcheck disable=SC2086 # a list of words
	chroot "$dir" apt-get -q -y install $packages
	chroot "$dir" apt-get clean
	rm -rf "$dir"/var/lib/apt/lists/*
	chroot "$dir" asterisk -V | tee /dev/stderr | grep -q '^Asterisk 22\.'
	# The mount points of the tests' own folders.
	mkdir -p "$dir/peer"
}

if [ "${1:-}" = --inside ]; then
	install "$2"
	exit
fi

if [ "$(id -u)" != 0 ]; then
	echo "build.sh: needs root" >&2
	exit 1
fi
recipe=$(sha256sum "$self" | cut -d' ' -f1)
mkdir -p "$cache"
exec 9>"$cache/asterisk22.lock"
flock 9
if [ "$(cat "$root/etc/skybridge-recipe" 2>/dev/null)" = "$recipe" ]; then
	echo "$root"
	exit
fi

rm -rf --one-file-system "$root".new.*
new=$root.new.$$
log=$root.log
echo "building an Asterisk 22 root in $root (2 to 4 minutes)" >&2
if ! unshare --mount --propagation private --pid --fork --kill-child "$self" --inside "$new" >"$log" 2>&1 9>&-; then
	echo "build.sh: failed; the end of $log:" >&2
	tail -n 20 "$log" >&2
	rm -rf --one-file-system "$new"
	exit 1
fi
echo "$recipe" >"$new/etc/skybridge-recipe"
rm -rf --one-file-system "$root"
mv "$new" "$root"
echo "$root"
