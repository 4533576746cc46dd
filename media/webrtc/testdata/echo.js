// A page that sends a microphone and a camera, and sees the camera again in a section that
// it is offered. Here it only makes descriptions; the test carries them.
function mic() {
	const context = new AudioContext(), tone = context.createOscillator(), out = context.createMediaStreamDestination();
	tone.connect(out);
	tone.start();
	context.resume();
	return out.stream.getAudioTracks()[0];
}
function camera() {
	const canvas = document.createElement("canvas");
	canvas.width = 320;
	canvas.height = 180;
	const g = canvas.getContext("2d");
	let n = 0;
	setInterval(() => { g.fillStyle = "hsl(" + (n += 7) % 360 + " 80% 50%)"; g.fillRect(n % 320, n % 180, 60, 60); }, 50);
	return canvas.captureStream(20).getVideoTracks()[0];
}
async function begin(redundant) {
	window.streams = [];
	window.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
	pc.ontrack = (e) => {
		streams.push(...e.streams.map((s) => s.id));
		const el = document.createElement(e.track.kind === "video" ? "video" : "audio");
		el.srcObject = new MediaStream([e.track]);
		el.muted = el.autoplay = el.playsInline = true;
		document.body.append(el);
	};
	pc.addTrack(mic(), new MediaStream());
	if (redundant) {
		const all = RTCRtpReceiver.getCapabilities("audio").codecs, red = all.filter((c) => c.mimeType === "audio/red");
		pc.getTransceivers()[0].setCodecPreferences([...red, ...all.filter((c) => c.mimeType !== "audio/red")]);
	}
	return offer();
}
async function offer() {
	await pc.setLocalDescription(await pc.createOffer());
	await new Promise((done) => {
		if (pc.iceGatheringState === "complete") return done();
		pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done();
	});
	return pc.localDescription.sdp;
}
async function addCamera() {
	window.sender = pc.addTransceiver(camera(), { direction: "sendonly", streams: [new MediaStream()] }).sender;
	sender.transport; // (Firefox makes it with the description)
	return offer();
}
async function take(sdp) {
	await pc.setRemoteDescription({ type: "answer", sdp });
	return pc.signalingState;
}
async function answer(sdp) {
	await pc.setRemoteDescription({ type: "offer", sdp });
	await pc.setLocalDescription(await pc.createAnswer());
	return pc.localDescription.sdp;
}
async function seen() {
	let frames = 0;
	for (const s of (await pc.getStats()).values())
		if (s.type === "inbound-rtp" && s.kind === "video") frames = Math.max(frames, s.framesDecoded || 0);
	return frames;
}
async function heard() {
	const stats = await pc.getStats(), out = { packets: 0, lost: 0, samples: 0, concealed: 0 };
	for (const s of stats.values())
		if (s.type === "inbound-rtp" && s.kind === "audio") {
			out.packets = s.packetsReceived;
			out.lost = s.packetsLost || 0;
			out.samples = s.totalSamplesReceived || 0;
			out.concealed = s.concealedSamples || 0;
		}
	return JSON.stringify(out);
}
