package sip

import sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"

type session = sess.Session
