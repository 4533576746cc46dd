package turn

import (
	"net"
	"net/netip"
	"strconv"
)

// ICEServer is an entry of RTCPeerConnection's iceServers.
type ICEServer struct {
	URLs                 []string
	Username, Credential string
}

// ICEServers are what a user's browser is given: STUN, and TURN over all that there is,
// with credentials that end.
func (s *Server) ICEServers(user string) []ICEServer {
	var stun, turn []string
	for _, host := range s.hosts() {
		if s.port != 0 {
			at := net.JoinHostPort(host, strconv.Itoa(int(s.port)))
			stun = append(stun, "stun:"+at)
			turn = append(turn, "turn:"+at+"?transport=udp", "turn:"+at+"?transport=tcp")
		}
		if s.tlsPort != 0 {
			turn = append(turn, "turns:"+net.JoinHostPort(host, strconv.Itoa(int(s.tlsPort)))+"?transport=tcp")
		}
	}
	var out []ICEServer
	if len(stun) > 0 {
		out = append(out, ICEServer{URLs: stun})
	}
	username, password := s.credentials.issue(user, s.now())
	return append(out, ICEServer{URLs: turn, Username: username, Credential: password})
}

// hosts are the names that clients reach us by.
func (s *Server) hosts() []string {
	if s.config.Host != "" {
		return []string{s.config.Host}
	}
	var out []string
	for _, e := range *s.peers.external.Load() {
		out = append(out, e.String())
	}
	if len(out) > 0 {
		return out
	}
	// One will do: browsers take their time with each.
	best := s.listening[0]
	for _, a := range s.listening {
		if rank(a) > rank(best) {
			best = a
		}
	}
	return []string{best.String()}
}

// rank prefers what others can reach, and IPv4, which all of them have.
func rank(a netip.Addr) int {
	n := 0
	if !a.IsLoopback() {
		n += 2
	}
	if a.Is4() {
		n++
	}
	return n
}
