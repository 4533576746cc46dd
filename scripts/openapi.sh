#!/bin/bash
# openapi.sh BINARY FILE writes the OpenAPI document that a server serves into FILE.
set -euo pipefail

data=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT
"$1" serve --data-dir "$data" --set api.listen=127.0.0.1:0 --set webrtc.listen=127.0.0.1:0 --set turn.listen=off --set turn.tls_listen=off --set sip.listen=127.0.0.1:0 \
	--set sip.tls_listen=off --set ari.listen=off --set ari.tls_listen=off >"$data/log" 2>&1 &
server=$!
for _ in $(seq 300); do
	address=$(sed -n 's/.*for=api .*address=\([^ ]*\).*/\1/p' "$data/log" 2>/dev/null || true)
	[ -n "$address" ] && break
	kill -0 "$server" || { cat "$data/log" >&2; exit 1; }
	sleep 0.1
done
curl --fail --silent --show-error --output "$2" "http://$address/openapi.json"
