package endpoint

// New is an endpoint with pjsip.conf's defaults, for those that stand in no file.
func New(name string) Endpoint {
	e := defaultEndpoint(name)
	e.finish()
	return e
}

// NewAOR is an address of record with pjsip.conf's defaults.
func NewAOR(name string) AOR { return defaultAOR(name) }

// NewRegistration is a registration with pjsip.conf's defaults.
func NewRegistration(name string) Registration { return defaultRegistration(name) }

// ParseCodecs reads a list of codecs, as allow has it.
func ParseCodecs(list string) (codecs []string, err error) {
	return codecs, allow(func(c *[]string) *[]string { return c })(&codecs, list)
}

// IsHostName reports whether text can be a name in the DNS (RFC 1123 §2.1).
func IsHostName(text string) bool { return isHostName(text) }
