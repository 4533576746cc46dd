// Writes what werift offers as files of TestSessions: node werift.cjs FOLDER, in a folder
// where werift is installed. See README.md.
const { writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { RTCPeerConnection, MediaStreamTrack } = createRequire(process.cwd() + "/")("werift");

const track = (kind) => new MediaStreamTrack({ kind });

const sessions = {
	audio: [(pc) => pc.addTransceiver(track("audio"), { direction: "sendrecv" })],
	call: [
		(pc) => {
			pc.addTransceiver(track("audio"), { direction: "sendrecv" });
			pc.addTransceiver(track("video"), { direction: "sendrecv" });
			pc.createDataChannel("chat");
		},
		(pc) => pc.addTransceiver(track("video"), { direction: "sendonly" }),
		(pc) => pc.restartIce(),
	],
	data: [(pc) => pc.createDataChannel("chat")],
	viewer: [
		(pc) => {
			pc.addTransceiver("audio", { direction: "recvonly" });
			pc.addTransceiver("video", { direction: "recvonly" });
		},
	],
};

(async () => {
	for (const [name, steps] of Object.entries(sessions)) {
		const pc = new RTCPeerConnection({ iceServers: [] });
		const other = new RTCPeerConnection({ iceServers: [] });
		let text = "";
		for (const step of steps) {
			step(pc);
			const offer = await pc.createOffer();
			text += "== offer\n" + offer.sdp.replaceAll("\r\n", "\n");
			await pc.setLocalDescription(offer);
			await other.setRemoteDescription(pc.localDescription);
			await other.setLocalDescription(await other.createAnswer());
			await pc.setRemoteDescription(other.localDescription);
		}
		text = text.replace(/(a=candidate:\S+ \d \S+ \d+) (\d+\.\d+\.\d+\.\d+) /g, "$1 192.0.2.7 ");
		text = text.replace(/(a=candidate:\S+ \d \S+ \d+) [0-9a-f]*:[0-9a-f:]+ /g, "$1 2001:db8::7 ");
		writeFileSync(`${process.argv[2]}/werift-${name}.txt`, text + "== answers\n");
		await Promise.all([pc.close(), other.close()]);
	}
	process.exit(0);
})();
