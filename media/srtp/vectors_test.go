package srtp

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 3711 §B.3.
func TestKeyDerivation(t *testing.T) {
	m, err := MasterOf(AESCM80, unhex(t, "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6"))
	if err != nil {
		t.Fatal(err)
	}
	for l, want := range map[label]string{
		rtpEncryption: "C61E7A93744F39EE10734AFE3FF7A087",
		rtpSalt:       "30CBBC08863D8C85D49DB34A9AE1",
		rtpAuthentication: `CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE
			E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25
			6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2`,
	} {
		want := unhex(t, want)
		got, err := m.derive(l, len(want))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("label %d: %x, %v\nwant %x", l, got, err, want)
		}
	}
}

// RFC 3711 §B.2: the key stream's begin, and its end after 0xff02 blocks.
func TestKeyStream(t *testing.T) {
	k := new(keys)
	if err := k.use(false, unhex(t, "2B7E151628AED2A6ABF7158809CF4F3C"), make([]byte, authKeyBytes)); err != nil {
		t.Fatal(err)
	}
	copy(k.salt[:], unhex(t, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"))
	k.begin(0, 0)
	out := make([]byte, 0xff02*aes.BlockSize)
	k.stream(out, out)
	for at, want := range map[int]string{
		0:      "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0",
		0xfeff: "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44",
	} {
		want := unhex(t, want)
		if got := out[at*aes.BlockSize:][:len(want)]; !bytes.Equal(got, want) {
			t.Errorf("block %x: %x, want %x", at, got, want)
		}
	}
}

// RFC 7714 §16 and §17, whose session keys are given.
func TestAEADVectors(t *testing.T) {
	const (
		plainRTP = `8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
			69736120 696e2070 61727465 73207472 6573`
		plainRTCP = `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
			deadbeef deadbeef deadbeef deadbeef deadbeef`
	)
	for _, v := range []struct {
		suite          Suite
		key, rtp, rtcp string
	}{
		{
			GCM128, "000102030405060708090a0b0c0d0e0f",
			`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
			0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
			`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
			c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
		},
		{
			GCM256, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			`8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238
			9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
			`81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50
			a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
		},
	} {
		t.Run(v.suite.String(), func(t *testing.T) {
			given := func() direction {
				d := direction{suite: v.suite, rtp: &keys{tag: 16}, rtcp: &keys{tag: 16}}
				for _, k := range []*keys{d.rtp, d.rtcp} {
					if err := k.use(true, unhex(t, v.key), nil); err != nil {
						t.Fatal(err)
					}
					copy(k.salt[:], unhex(t, "517569642070726f2071756f"))
				}
				return d
			}
			s, r := &Sender{given()}, &Receiver{given()}
			s.state.active(0x4d617273).RTCP.take(0x5d3)

			plain, want := unhex(t, plainRTP), unhex(t, v.rtp)
			got, err := s.Protect(make([]byte, 200), plain)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("RTP %x, %v\nwant %x", got, err, want)
			}
			if got, err := r.Unprotect(want); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("RTP %x, %v\nwant %x", got, err, plain)
			}
			plain, want = unhex(t, plainRTCP), unhex(t, v.rtcp)
			got, err = s.ProtectRTCP(make([]byte, 200), plain)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("RTCP %x, %v\nwant %x", got, err, want)
			}
			if got, err := r.UnprotectRTCP(want); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("RTCP %x, %v\nwant %x", got, err, plain)
			}
		})
	}
}
