// Runs in every page before the page's own scripts. It turns off the filters that
// would take a steady tone for noise, and keeps what the page hears over WebRTC,
// so that a test can listen. The page knows nothing of it.
(() => {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const devices = navigator.mediaDevices;
  if (!devices) return; // not a secure page: no microphone, no calls
  const getUserMedia = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (want) => {
    if (!want || !want.audio) return getUserMedia(want);
    const audio = want.audio === true ? {} : want.audio;
    return getUserMedia({ ...want, audio: { ...audio, ...plain } });
  };

  const seconds = 10; // that are kept
  let context, input, ring, written = 0;

  const known = new WeakSet();
  const listen = (track) => {
    if (known.has(track)) return; // one that a resumed call announces again
    known.add(track);
    if (!context) {
      context = new AudioContext();
      ring = new Int16Array(seconds * context.sampleRate);
      input = context.createScriptProcessor(2048, 1, 1);
      input.onaudioprocess = (event) => {
        for (const sample of event.inputBuffer.getChannelData(0)) {
          ring[written++ % ring.length] = Math.max(-1, Math.min(1, sample)) * 32767;
        }
      };
      input.connect(context.destination); // what pulls it; it puts out silence
    }
    const stream = new MediaStream([track]);
    // A remote track gives samples only while an element plays it.
    const element = new Audio();
    element.srcObject = stream;
    element.muted = true;
    element.play();
    const source = context.createMediaStreamSource(stream);
    source.connect(input);
    track.addEventListener("ended", () => source.disconnect());
  };

  const connections = [];
  const Plain = RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...args) {
      super(...args);
      connections.push(this);
      this.addEventListener("track", ({ track }) => track.kind === "audio" && listen(track));
    }
  };

  window.__ears = {
    connections,
    // heard is what was heard last: its rate, and 16-bit samples in base64.
    heard() {
      if (!context) return { rate: 0, samples: "" };
      const size = Math.min(written, ring.length);
      const bytes = new Uint8Array(2 * size);
      const view = new DataView(bytes.buffer);
      for (let i = 0; i < size; i++) view.setInt16(2 * i, ring[(written - size + i) % ring.length], true);
      let text = "";
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      return { rate: context.sampleRate, samples: btoa(text) };
    },
  };
})();
