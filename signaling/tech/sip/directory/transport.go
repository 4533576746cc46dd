package directory

import "slices"

// network is that of a transport by its name, or by its protocol as sip.conf has it; "" for
// none that requests of ours can be sent over.
func (b *builder) network(transport string) string {
	protocol := transport
	for i := range b.transports {
		if b.transports[i].Name == transport {
			protocol = b.transports[i].Protocol
		}
	}
	switch protocol {
	case "udp", "tcp", "tls":
		return protocol
	}
	return ""
}

// listener is the name of the transport by which requests to an endpoint leave; "" for any.
// The trunks of the settings name a protocol alone, whatever transport of pjsip.conf is
// called so, and by transports of browsers no request of ours can be sent.
func (b *builder) listener(transport, name string) string {
	if _, trunk := b.options.Policies[name]; trunk {
		return ""
	}
	for i := range b.transports {
		if b.transports[i].Name == transport && slices.Contains([]string{"udp", "tcp", "tls"}, b.transports[i].Protocol) {
			return transport
		}
	}
	return ""
}
