package cli

import "io"

// command is one console command: the words it begins with, and what it does
// with the rest.
type command struct {
	words string
	help  string
	run   func(c *Console, w io.Writer, args []string) error
}

// commands is the table; the longest match of words wins.
func commands() []command {
	return []command{
		{"core show channels", "List channels [concise|verbose|count]", showChannels},
		{"core show channel", "Show one channel", showChannel},
		{"core show calls", "Count calls [uptime [seconds]]", showCalls},
		{"core show version", "Show the version", showVersion},
		{"core show uptime", "Show how long the server runs", showUptime},
		{"core show codecs", "List codecs, and whether they are transcoded", showCodecs},
		{"core show applications", "List dialplan applications", showApplications},
		{"core show hints", "List hints and the states of their devices", showHints},
		{"core show hint", "Show the hints of one extension", showHint},
		{"core show resources", "Count what calls hold", showResources},
		{"show bans", "List who is banned from SIP, for how long and why", showBans},
		{"show overload", "Show how much of new work is refused, and why", showOverload},
		{"unban", "End the ban of an address", unban},
		{"core show threads", "List goroutines by what they wait for", showThreads},
		{"core show memory", "Show what memory is used for, after a collection", showMemory},
		{"mixer show workers", "Show the mixer's threads, and how late their ticks begin", showWorkers},
		{"mixer show lateness", "Count the mixer's ticks by how late they began", showLateness},
		{"core show help", "List commands", showHelp},
		{"core waitfullybooted", "Wait until the server takes calls", waitFullyBooted},
		{"core stop gracefully", "Stop when the last call has ended", stopGracefully},
		{"core stop now", "Stop at once", stopNow},
		{"core reload", "Read the configuration again", reload("Configuration reloaded.")},
		{"reload", "Read the configuration again", reload("Configuration reloaded.")},
		{"sip reload", "Read the configuration again", reload("Configuration reloaded.")},
		{"pjsip reload", "Read the configuration again", reload("Configuration reloaded.")},
		{"module reload", "Read the configuration again", reload("Configuration reloaded.")},
		{"dialplan reload", "Read the configuration again", reload("Dialplan reloaded.")},
		{"dialplan show", "Show the dialplan", dialplanShow},
		{"channel request hangup", "Hang up a channel, or all", requestHangup},
		{"bridge show all", "List bridges", bridgeShowAll},
		{"bridge show", "Show one bridge", bridgeShow},
		{"pjsip show endpoints", "List endpoints", pjsipEndpoints},
		{"pjsip show endpoint", "Show one endpoint", pjsipEndpoint},
		{"pjsip show contacts", "List contacts", pjsipContacts},
		{"pjsip show aors", "List addresses of record", pjsipAORs},
		{"pjsip show aor", "Show one address of record", pjsipAOR},
		{"pjsip show auths", "List credentials, without their secrets", pjsipAuths},
		{"pjsip show transports", "List transports of the files", pjsipTransports},
		{"pjsip show transport", "Show one transport", pjsipTransport},
		{"pjsip show identifies", "List what endpoints are told by", pjsipIdentifies},
		{"pjsip show registrations", "List our registrations elsewhere", pjsipRegistrations},
		{"pjsip send register", "Register anew at once [NAME|*all]", sendRegister},
		{"skybridge show metrics", "Show what monitoring reads, as Prometheus is given it", func(c *Console, w io.Writer, _ []string) error { return c.Metrics(w) }},
		{"skybridge show trunks", "List trunks: state, calls and limits, failures, the last error", showTrunks},
		{"pjsip show channels", "List the channels of phones", pjsipChannels},
		{"pjsip show channel", "Show the channel of a phone", pjsipChannel},
		{"pjsip show channelstats", "Count the packets of phones' channels", pjsipChannelStats},
		{"pjsip list endpoints", "List endpoints, a line each", pjsipListEndpoints},
		{"pjsip list contacts", "List contacts", pjsipContacts},
		{"pjsip list aors", "List addresses of record, a line each", pjsipListAORs},
		{"sip show peers", "List endpoints in chan_sip's layout", sipPeers},
		{"sip show registry", "List our registrations elsewhere", sipRegistry},
		{"confbridge list", "List rooms, or who is in one", confbridgeList},
		{"confbridge mute", "Let a room, or one party in it, not be heard", confbridgeMute(true)},
		{"confbridge unmute", "Let a room, or one party in it, be heard again", confbridgeMute(false)},
		{"confbridge kick", "Put one party, or all, out of a room", confbridgeKick},
		{"confbridge hearing", "Choose who hears a party in a room, and whom it hears", confbridgeHearing},
		{"extension show services", "List what extensions have switched on", extensionShow},
		{"ringgroup show", "List the ring groups", ringGroupShow},
		{"moh show classes", "List the classes of music on hold", mohClasses},
		{"moh show files", "List the files of the classes of music on hold", mohFiles},
		{"ari show apps", "List the applications that take channels", ariApps},
		{"ari show channels", "List channels", showChannels},
		{"rtp show stats", "Count the packets of every channel", rtpStats},
		{"rtp show quality", "Rate what every channel receives, by the E-model", rtpQuality},
		{"rtp show srtp", "Tell whose audio is encrypted, and count what was not authentic", rtpSRTP},
		{"rtp set stats", "Log the counters of every channel [on|off]", setStats("RTCP Stats", statsEvery)},
		{"rtcp set stats", "Log the counters of every channel [on|off]", setStats("RTCP Stats", statsEvery)},
		{"rtp set debug", "Log the counters of every channel each second [on|off]", setStats("RTP Packet Debugging", debugEvery)},
		{"rtcp set debug", "Log the counters of every channel each second [on|off]", setStats("RTCP Packet Debugging", debugEvery)},
	}
}
