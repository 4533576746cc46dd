// Package identity reads from SIP messages who calls, who is connected and how a call
// was sent on, and writes it into them: From, P-Asserted-Identity, P-Preferred-Identity
// and Privacy (RFC 3323, 3325), Remote-Party-ID (draft-ietf-sip-privacy-04), Diversion
// (RFC 5806) and History-Info (RFC 7044). What an endpoint is not trusted with is never
// read of its messages. Functions of values; no goroutine.
package identity
