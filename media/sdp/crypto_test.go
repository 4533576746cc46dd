package sdp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

const (
	key30 = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" // 30 bytes, from RFC 4568 §6.1
	key28 = "AAECAwQFBgcICQoLDA0OD1F1aWQgcHJvIHF1bw=="
	key44 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9RdWlkIHBybyBxdW8="
)

// cryptoLines are a=crypto lines: how each prints, or part of the error; what we say to
// its key, "" when it can be used.
var cryptoLines = []struct{ name, in, out, refused string }{
	{"RFC 4568", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4 FEC_ORDER=FEC_SRTP",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1048576|1:4 FEC_ORDER=FEC_SRTP", "FEC_ORDER"},
	{"plain", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, ""},
	{"short tag", "2 AES_CM_128_HMAC_SHA1_32 inline:" + key30, "2 AES_CM_128_HMAC_SHA1_32 inline:" + key30, ""},
	{"GCM", "3 AEAD_AES_128_GCM inline:" + key28, "3 AEAD_AES_128_GCM inline:" + key28, ""},
	{"GCM 256", "4 AEAD_AES_256_GCM inline:" + key44, "4 AEAD_AES_256_GCM inline:" + key44, ""},
	{"without padding", "3 AEAD_AES_128_GCM inline:" + strings.TrimRight(key28, "="), "3 AEAD_AES_128_GCM inline:" + key28, ""},
	{"in small letters", "1 aes_cm_128_hmac_sha1_80 INLINE:" + key30, "1 aes_cm_128_hmac_sha1_80 inline:" + key30, ""},
	{"spaces", "  1   AES_CM_128_HMAC_SHA1_80  inline:" + key30 + "  ", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, ""},
	{"lifetime", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^48", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|281474976710656", ""},
	{"lifetime of a key", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^31|1:1", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2147483648|1:1", ""},
	{"identifier", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:8", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:8", ""},
	{"long identifier", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:128", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:128", "identifier"},
	{"several keys", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:4;inline:" + key30 + "|2:4",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:4;inline:" + key30 + "|2:4", "2 keys"},
	{"window", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " WSH=64", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " WSH=64", ""},
	{"to be passed over", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " -FUTURE=1", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " -FUTURE=1", ""},
	{"derivation rate", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=12", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=12", "KDR"},
	{"no encryption", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP", "UNENCRYPTED_SRTP"},
	{"RTCP in the clear", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTCP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTCP", "UNENCRYPTED_SRTCP"},
	{"not authentic", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNAUTHENTICATED_SRTP", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNAUTHENTICATED_SRTP", "UNAUTHENTICATED"},
	{"another suite", "1 F8_128_HMAC_SHA1_80 inline:" + key30, "1 F8_128_HMAC_SHA1_80 inline:" + key30, "F8_128"},
	{"no suite", "1 none inline:" + key30, "1 none inline:" + key30, "none"},
	{"key too short", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key28, "1 AES_CM_128_HMAC_SHA1_80 inline:" + key28, "28 bytes"},
	{"key too long", "1 AEAD_AES_128_GCM inline:" + key44, "1 AEAD_AES_128_GCM inline:" + key44, "44 bytes"},

	{"nothing", "", "fields", ""},
	{"no key", "1 AES_CM_128_HMAC_SHA1_80", "fields", ""},
	{"tag", "one AES_CM_128_HMAC_SHA1_80 inline:" + key30, "tag", ""},
	{"negative tag", "-1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "tag", ""},
	{"long tag", "1000000000 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "tag", ""},
	{"base64", "1 AES_CM_128_HMAC_SHA1_80 inline:*" + key30[1:], "base64", ""},
	{"base64 of nothing", "1 AES_CM_128_HMAC_SHA1_80 inline:", "base64", ""},
	{"elsewhere", "1 AES_CM_128_HMAC_SHA1_80 uri:https://example.com/key", "inline", ""},
	{"half a pair", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + ";", "inline", ""},
	{"endless", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^49", "lifetime", ""},
	{"no life", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|0", "lifetime", ""},
	{"no number", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|long", "lifetime", ""},
	{"identifier too long", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:129", "identifier", ""},
	{"identifier of no length", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:0", "identifier", ""},
	{"identifier too large", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|256:1", "identifier", ""},
	{"more", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4|x", "behind", ""},
	{"too many keys", "1 AES_CM_128_HMAC_SHA1_80 " + strings.Repeat("inline:"+key30+"|1:4;", 8) + "inline:" + key30 + "|9:4", "keys", ""},
}

func TestCryptoLines(t *testing.T) {
	for _, c := range cryptoLines {
		t.Run(c.name, func(t *testing.T) {
			line, err := ParseCrypto(c.in)
			if err != nil {
				if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.out) || strings.Contains(err.Error(), key30[2:10]) {
					t.Errorf("%v, want one about %s", err, c.out)
				}
				return
			}
			if got := line.String(); got != c.out {
				t.Fatalf("printed %s\nwant %s", got, c.out)
			}
			again, err := ParseCrypto(c.out)
			if d := cmp.Diff(line, again); err != nil || d != "" {
				t.Errorf("%v %s", err, d)
			}
			m, err := line.master()
			switch {
			case c.refused == "" && (err != nil || m.Suite != srtp.SuiteByName(line.Suite) || int(m.MKIBytes) != line.Keys[0].MKIBytes):
				t.Errorf("refused: %v, %v", m, err)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("%v, want one about %s", err, c.refused)
			}
		})
	}
}

func FuzzCrypto(f *testing.F) {
	for _, c := range cryptoLines {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		line, err := ParseCrypto(in)
		if err != nil {
			return
		}
		again, err := ParseCrypto(line.String())
		if d := cmp.Diff(line, again); err != nil || d != "" {
			t.Fatalf("%q prints %q: %v %s", in, line, err, d)
		}
		if m, err := line.master(); err == nil {
			if _, err := srtp.NewReceiver(m, srtp.State{}, srtp.Whole); err != nil {
				t.Fatalf("%q: %v", in, err)
			}
		}
	})
}
