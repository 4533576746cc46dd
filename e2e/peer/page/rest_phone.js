// A phone by the API in the fewest words: REST for signaling, trickled ICE both ways.
window.phone = (() => {
  let token, base, call, pc, local, polling;

  const api = async (method, path, body) => {
    const response = await fetch(base + "/api/v1/voip" + path, {
      method,
      headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  };

  const send = (type, payload) =>
    api("POST", `/calls/${call}/signaling`, { to_user: "asterisk", message_type: type, payload });

  // connect offers the microphone to a call and waits until media flows.
  const connect = async (id) => {
    call = id;
    pc = new RTCPeerConnection();
    let wrapped = false;
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate) return;
      wrapped = !wrapped; // both shapes of the payload
      send("ice_candidate", wrapped ? { candidate } : candidate);
    };
    local = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of local.getTracks()) pc.addTrack(track, local);
    const offer = await pc.createOffer();
    await pc.setLocalDescription(offer);
    const message = await send("offer", { sdp: offer.sdp, type: offer.type });
    await pc.setRemoteDescription(message.reply.payload);
    poll(id);
    await new Promise((done, fail) => {
      const check = () => {
        if (pc.connectionState === "connected") done();
        if (pc.connectionState === "failed") fail(new Error("connection failed"));
      };
      pc.addEventListener("connectionstatechange", check);
      check();
    });
    return id;
  };

  const poll = async (id) => {
    let after = 0;
    polling = id;
    while (polling === id) {
      const { items } = await api("GET", `/calls/${id}/signaling?after=${after}&wait=20`);
      for (const m of items) {
        after = m.seq;
        if (m.message_type === "ice_candidate") await pc.addIceCandidate(m.payload);
        if (m.message_type === "hangup") { polling = null; pc.close(); window.phone.ended = true; }
      }
    }
  };

  return {
    ended: false,
    setup(b, t) { base = b; token = t; return "ok"; },
    api,
    connect,
    async join(number) {
      const { items } = await api("GET", "/rooms");
      const room = items.find((r) => r.number === number);
      if (!room) throw new Error("no room " + number);
      const joined = await api("POST", `/rooms/${room.id}/join`, {});
      return connect(joined.call_id);
    },
    async dial(endpoint) {
      const c = await api("POST", "/calls", { participants: [endpoint], call_type: "audio" });
      await connect(c.id);
      return c.id;
    },
    async digit(d) {
      pc.getSenders()[0].dtmf.insertDTMF(d, 160, 80);
      return "sent";
    },
    async hangup() {
      polling = null;
      await api("POST", `/calls/${call}/end`);
      pc.close();
      for (const track of local.getTracks()) track.stop();
      return "ended";
    },
  };
})();
