package function

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

func readMD5(_ *dialplan.Call, args string) (string, error) {
	if args == "" {
		return "", bad("MD5", args, "MD5(text)")
	}
	sum := md5.Sum([]byte(args))
	return hex.EncodeToString(sum[:]), nil
}

func readSHA1(_ *dialplan.Call, args string) (string, error) {
	if args == "" {
		return "", bad("SHA1", args, "SHA1(text)")
	}
	sum := sha1.Sum([]byte(args))
	return hex.EncodeToString(sum[:]), nil
}
