// A phone made of SIP.js. It answers whoever calls.
window.phone = {
	async register(address, user, password) {
		const ua = window.ua = new SIP.UserAgent({
			uri: SIP.UserAgent.makeURI(`sip:${user}@127.0.0.1`),
			transportOptions: { server: address },
			authorizationUsername: user, authorizationPassword: password,
			delegate: { onInvite: (session) => { window.session = session; session.accept(); } },
		});
		await ua.start();
		window.registerer = new SIP.Registerer(ua);
		await new Promise((done, fail) => registerer.register({ requestDelegate: {
			onAccept: done,
			onReject: (r) => fail(new Error(r.message.reasonPhrase)),
		} }));
		return "registered";
	},
	call(number) {
		return new Promise((done, fail) => {
			const session = window.session = new SIP.Inviter(ua, SIP.UserAgent.makeURI(`sip:${number}@127.0.0.1`));
			session.stateChange.addListener((state) => {
				if (state === SIP.SessionState.Established) done("confirmed");
				if (state === SIP.SessionState.Terminated) fail(new Error(state));
			});
			session.invite();
		});
	},
	// As the library's own SessionManager does it: a new offer, and a microphone that is off.
	direct(hold) {
		for (const { track } of session.sessionDescriptionHandler.peerConnection.getSenders()) track.enabled = !hold;
		session.sessionDescriptionHandlerOptionsReInvite = { hold };
		return new Promise((done, fail) => session.invite({ requestDelegate: {
			onAccept: () => done("accepted"),
			onReject: (r) => fail(new Error(r.message.reasonPhrase)),
		} }));
	},
	hold() { return this.direct(true); },
	unhold() { return this.direct(false); },
	async hangup() {
		await session.bye();
		return "ended";
	},
	async leave() {
		await ua.stop();
		return "left";
	},
};
