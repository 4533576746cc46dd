package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what RFC 3711 prescribes; as a MAC it holds
	"crypto/subtle"
	"encoding/binary"
	"hash"
)

// keys are the session keys of RTP or RTCP in one direction, and the working memory for
// one packet.
type keys struct {
	tag   int          // bytes
	block cipher.Block // AES-CM
	mac   hash.Hash    // and its HMAC-SHA1
	aead  cipher.AEAD  // or else AES-GCM
	salt  [16]byte     // the session salt, then zeros
	iv    [16]byte     // of the packet under way
	sum   [sha1.Size]byte
	aad   [12]byte
	mask  *[8 * aes.BlockSize]byte // key stream of AES-CM
}

// sessionKeys derives the keys that go with three labels.
func (m *Master) sessionKeys(encryption, authentication, salting label, tag int) (*keys, error) {
	s := &table[m.Suite]
	k := &keys{tag: tag}
	key, err := m.derive(encryption, s.key)
	if err != nil {
		return nil, err
	}
	salt, err := m.derive(salting, s.salt)
	if err != nil {
		return nil, err
	}
	auth, err := m.derive(authentication, authKeyBytes)
	if err != nil {
		return nil, err
	}
	copy(k.salt[:], salt)
	return k, k.use(s.aead, key, auth)
}

// use makes the ciphers of the session keys.
func (k *keys) use(aead bool, key, auth []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	if aead {
		k.aead, err = cipher.NewGCM(block)
		return err
	}
	k.block, k.mac, k.mask = block, hmac.New(sha1.New, auth), new([8 * aes.BlockSize]byte)
	return nil
}

// begin sets the IV of a packet. Both ciphers take the salt with the SSRC and the index
// added modulo 2, at places of their own (RFC 3711 §4.1.1, RFC 7714 §8.1 and §9.1).
func (k *keys) begin(ssrc uint32, index uint64) {
	k.iv = k.salt
	at := 4
	if k.aead != nil {
		at = 2
	}
	var b [10]byte
	binary.BigEndian.PutUint32(b[:], ssrc)
	binary.BigEndian.PutUint16(b[4:], uint16(index>>32))
	binary.BigEndian.PutUint32(b[6:], uint32(index))
	subtle.XORBytes(k.iv[at:at+len(b)], k.iv[at:], b[:])
}

// nonce is the IV for GCM.
func (k *keys) nonce() []byte { return k.iv[:12] }

// stream adds the key stream of AES-CM to src (RFC 3711 §4.1.1). dst is as long, and
// either the same memory or other.
func (k *keys) stream(dst, src []byte) {
	for block := uint16(0); len(src) > 0; {
		n := min(len(src), len(k.mask))
		for i := 0; i < n; i += aes.BlockSize {
			binary.BigEndian.PutUint16(k.iv[14:], block)
			k.block.Encrypt(k.mask[i:], k.iv[:])
			block++
		}
		subtle.XORBytes(dst, src[:n], k.mask[:n])
		dst, src = dst[n:], src[n:]
	}
}

// authenticate is the tag over a packet's authenticated portion and, for RTP, its
// rollover counter (RFC 3711 §4.2). It lasts until the next call.
func (k *keys) authenticate(portion, rollover []byte) []byte {
	k.mac.Reset()
	k.mac.Write(portion)
	k.mac.Write(rollover)
	return k.mac.Sum(k.sum[:0])[:k.tag]
}
