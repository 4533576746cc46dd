// A phone made of JsSIP. It answers whoever calls.
window.phone = {
	async register(address, user, password) {
		const ua = window.ua = new JsSIP.UA({
			sockets: [new JsSIP.WebSocketInterface(address)],
			uri: `sip:${user}@127.0.0.1`, password,
		});
		ua.on("newRTCSession", ({ originator, session }) => {
			if (originator !== "remote") return;
			window.session = session;
			session.answer({ mediaConstraints: { audio: true, video: false } });
		});
		await new Promise((done, fail) => {
			ua.on("registered", done);
			ua.on("registrationFailed", (e) => fail(new Error(e.cause)));
			ua.start();
		});
		return "registered";
	},
	call(number) {
		return new Promise((done, fail) => {
			window.session = ua.call(`sip:${number}@127.0.0.1`, {
				mediaConstraints: { audio: true, video: false },
				eventHandlers: { confirmed: () => done("confirmed"), failed: (e) => fail(new Error(e.cause)) },
			});
		});
	},
	hold: () => new Promise((done, fail) => session.hold({}, () => done("held")) || fail(new Error("no hold now"))),
	unhold: () => new Promise((done, fail) => session.unhold({}, () => done("resumed")) || fail(new Error("no resume now"))),
	async hangup() {
		session.terminate();
		return "ended";
	},
	leave() {
		return new Promise((done) => {
			ua.on("disconnected", () => done("left"));
			ua.stop();
		});
	},
};
