package turn

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what the mechanism has; as an HMAC it holds
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	pion "github.com/pion/turn/v5"
)

// credentials are those of draft-uberti-behave-turn-rest-00: the user name is the time
// at which it ends and the user, the password an HMAC of the two, so that nothing is
// kept of them.
type credentials struct {
	secret   []byte
	lifetime time.Duration
}

// issue makes a user's.
func (c *credentials) issue(user string, now time.Time) (username, password string) {
	username = strconv.FormatInt(now.Add(c.lifetime).Unix(), 10) + ":" + escape(user)
	return username, c.password(username)
}

func (c *credentials) password(username string) string {
	mac := hmac.New(sha1.New, c.secret)
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// check gives the user of a username and the key that its messages are authentic by.
// What stands may be kept, by the one who has made it, for another lifetime after the
// end: a call goes on that began in time.
func (c *credentials) check(username, realm string, standing bool, now time.Time) (user string, key []byte, ok bool) {
	end, user, ok := strings.Cut(username, ":")
	seconds, err := strconv.ParseInt(end, 10, 64)
	if !ok || err != nil || user == "" {
		return "", nil, false
	}
	until := time.Unix(seconds, 0)
	if standing {
		until = until.Add(c.lifetime)
	}
	if !now.Before(until) {
		return "", nil, false
	}
	return user, pion.GenerateAuthKey(username, realm, c.password(username)), true
}

// mostUser bounds a user's name in a USERNAME, which has room for 508 bytes (RFC 8489
// §14.3).
const mostUser = 400

// escape writes a user's name so that nothing on the way can change it: no normalisation
// of Unicode, no JSON of bytes that are no text. Plain names stay as they are, and two
// names never become one.
func escape(user string) string {
	var b strings.Builder
	for i := range len(user) {
		switch c := user[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~@:+/=", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteString(hex.EncodeToString([]byte{c}))
		}
	}
	if user == "" || b.Len() > mostUser {
		sum := sha256.Sum256([]byte(user))
		return "%sha256:" + hex.EncodeToString(sum[:]) // no escaped name begins so
	}
	return b.String()
}
