#!/bin/bash
# sdk.sh DIR builds the TypeScript SDK of web/sdk into DIR (make sdk: into web/sdk/dist,
# which is committed, so that go build needs no Node). With a second argument, an OpenAPI
# document, it first writes the types from it into web/sdk/src/openapi.ts.
#
# The tools are those that testdata/peers/install.sh puts into the cache; without them it
# says so and exits 75.
set -euo pipefail

out=$(realpath -m "$1")
[ $# -gt 1 ] && document=$(realpath "$2")
root=$(dirname "$(dirname "$(readlink -f "$0")")")
tools=${SKYBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/skybridge}/sdk
if [ ! -e "$tools/recipe" ]; then
	echo "skipped: sdk: its tools are not installed: run testdata/peers/install.sh"
	exit 75
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/web/sdk/"{src,package.json,tsconfig.json,openapi.mjs} "$work/"
ln -s "$tools/node_modules" "$work/node_modules"
if [ $# -gt 1 ]; then
	types=$(cd "$work" && node openapi.mjs "$document")
	printf '%s\n' "$types" | tee "$work/src/openapi.ts" >"$root/web/sdk/src/openapi.ts"
fi
(cd "$work" && npm run --silent build) >&2
rm -rf "$out"
cp -r "$work/dist" "$out"
