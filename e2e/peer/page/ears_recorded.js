// Runs in every page of Firefox before the page's own scripts, as ears.js does in Chromium's.
// Firefox's AudioContext does not run on a machine without a sound card, so that what the page
// hears over WebRTC is recorded and decoded when a test listens. The page knows nothing of it.
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

  const seconds = 10; // that are given
  const rate = 48000;
  const recorders = new Map(); // by track

  const listen = (track) => {
    if (recorders.has(track)) return; // one that a resumed call announces again
    const stream = new MediaStream([track]);
    // A remote track gives samples only while an element plays it.
    const element = new Audio();
    element.srcObject = stream;
    element.muted = true;
    element.play();
    const parts = [];
    const recorder = new MediaRecorder(stream, { mimeType: "audio/ogg; codecs=opus", audioBitsPerSecond: 96000 });
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start(100);
    const ended = () => {
      recorders.delete(track);
      if (recorder.state !== "inactive") recorder.stop();
    };
    track.addEventListener("ended", ended);
    recorders.set(track, { parts, ended });
  };

  const connections = [];
  const Plain = RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...args) {
      super(...args);
      connections.push(this);
      this.addEventListener("track", ({ track }) => track.kind === "audio" && listen(track));
    }
    close() { // tracks of a connection that is closed do not say that they end
      super.close();
      for (const { track } of this.getReceivers()) recorders.get(track)?.ended();
    }
  };

  const decoder = new OfflineAudioContext(1, 1, rate);
  const decode = async (parts) => {
    if (!parts.length) return new Float32Array(0);
    const whole = await new Blob(parts).arrayBuffer();
    return (await decoder.decodeAudioData(whole)).getChannelData(0).slice(-seconds * rate);
  };

  window.__ears = {
    connections,
    // heard is what was heard last, all connections together: its rate, and 16-bit samples in base64.
    async heard() {
      const heard = await Promise.all([...recorders.values()].map(({ parts }) => decode(parts)));
      if (!heard.length) return { rate: 0, samples: "" };
      const size = Math.max(...heard.map((samples) => samples.length));
      const sum = new Float32Array(size);
      for (const samples of heard) {
        samples.forEach((sample, i) => { sum[size - samples.length + i] += sample; });
      }
      const pcm = Int16Array.from(sum, (sample) => Math.max(-1, Math.min(1, sample)) * 32767);
      const bytes = new Uint8Array(pcm.buffer);
      let text = "";
      for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
      return { rate, samples: btoa(text) };
    },
  };
})();
