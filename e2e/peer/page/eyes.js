// Runs in every page before the page's own scripts, as ears.js does. It reads the test picture
// (e2e/picture) from what a page shows: whose each frame is, which one, and how much of it is
// as it was filmed. The page knows nothing of it.
(() => {
  const width = 320, height = 180, frames = 128, block = 20, blocks = 40;
  const kept = 600; // of the last frames
  const sum = (data) => (data ^ data >> 4 ^ data >> 8 ^ 10) & 15;
  const grey = (whose, frame, x, y) => {
    const wave = (x + whose * y + frame * 8) % 256;
    return (60 + (wave < 128 ? wave : 255 - wave) - 16) * 255 / 219;
  };

  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });

  // read is the frame that a source of images shows, or null where it is none of ours.
  const read = (source) => {
    context.clearRect(0, 0, width, height);
    context.drawImage(source, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const at = (x, y) => data[4 * (y * width + x) + 1];
    let code = 0;
    for (let i = 0; i < width / block; i++) {
      let light = 0;
      for (const dx of [-4, 0, 4]) for (const dy of [-6, 0, 6]) light += at(i * block + block / 2 + dx, blocks / 2 + dy);
      code = code << 1 | (light / 9 > 127);
    }
    const content = code >> 4 & 1023;
    if (code >> 14 !== 2 || (code & 15) !== sum(content)) return null;
    const whose = content >> 7, frame = content & 127;
    let off = 0, points = 0;
    for (let y = blocks + 10; y < height; y += 10) {
      for (let x = 5; x < width; x += 10, points++) off += Math.abs(at(x, y) - grey(whose, frame, x, y));
    }
    return { whose, frame, off: off / points };
  };

  // film shows a test picture in a canvas until the function it returns is called.
  const code = (whose, frame) => 2 << 14 | (whose << 7 | frame) << 4 | sum(whose << 7 | frame);
  const film = (whose, canvas) => {
    Object.assign(canvas, { width, height });
    const brush = canvas.getContext("2d");
    const image = brush.createImageData(width, height);
    let frame = 0;
    const timer = setInterval(() => {
      const bits = code(whose, frame);
      for (let y = 0, i = 0; y < height; y++) {
        for (let x = 0; x < width; x++, i += 4) {
          const light = y < blocks ? 255 * (bits >> 15 - Math.floor(x / block) & 1) : grey(whose, frame, x, y);
          image.data[i] = image.data[i + 1] = image.data[i + 2] = light;
          image.data[i + 3] = 255;
        }
      }
      brush.putImageData(image, 0, 0);
      frame = (frame + 1) % frames;
    }, 1000 / 15);
    return () => clearInterval(timer);
  };
  // paint covers the page with a test picture, for who captures the page.
  const paint = (whose) => {
    const cover = document.createElement("canvas");
    cover.style.cssText = "position: fixed; inset: 0; width: 100vw; height: 100vh; z-index: 1000; pointer-events: none";
    document.body.append(cover);
    const stop = film(whose, cover);
    return () => { stop(); cover.remove(); };
  };
  // filmed is a stream of a test picture that is in no document.
  const filmed = (whose) => {
    const canvas = document.createElement("canvas");
    const stop = film(whose, canvas);
    const stream = canvas.captureStream(15);
    const [track] = stream.getVideoTracks();
    const end = track.stop.bind(track);
    track.stop = () => { stop(); end(); };
    return stream;
  };
  if (window.__camera && navigator.mediaDevices) { // where no camera can be a file
    const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (want) => {
      if (!want?.video) return getUserMedia(want);
      const stream = filmed(window.__camera);
      if (want.audio) (await getUserMedia({ audio: want.audio })).getTracks().forEach((each) => stream.addTrack(each));
      return stream;
    };
  }
  if (window.__drawn && navigator.mediaDevices) { // where there is no screen
    navigator.mediaDevices.getDisplayMedia = async () => filmed(window.__drawn);
  }
  if (window.__screen && navigator.mediaDevices) {
    const getDisplayMedia = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getDisplayMedia = async (want) => {
      // The page itself is the one thing that a browser without a screen can share.
      const stream = await getDisplayMedia({ ...want, preferCurrentTab: true });
      const unpaint = paint(window.__screen);
      const [track] = stream.getVideoTracks();
      const stop = track.stop.bind(track);
      track.stop = () => { unpaint(); stop(); };
      return stream;
    };
  }

  const watched = new Map();
  window.__eyes = {
    read,
    // watch reads every frame of a video element, or of a stream, from now on, under a name. One
    // that takes the place of another goes on where that was.
    watch(name, what) {
      let own = watched.get(name);
      if (!what || own?.what === what) return name;
      own ??= { shown: 0, unread: 0, list: [], width: 0, height: 0 };
      own.what = what;
      watched.set(name, own);
      let video = what;
      if (what instanceof MediaStream) {
        video = document.createElement("video");
        video.muted = true;
        video.srcObject = what;
        video.play().catch(() => undefined); // it ends with the page, or is empty
      }
      const next = () => {
        if (watched.get(name) !== own || own.what !== what) return;
        own.shown++;
        own.at = Date.now();
        own.width = video.videoWidth;
        own.height = video.videoHeight;
        const seen = read(video);
        if (!seen) own.unread++;
        else own.list.push(seen);
        if (own.list.length > kept) own.list.shift();
        video.requestVideoFrameCallback(next);
      };
      video.requestVideoFrameCallback(next);
      return name;
    },
    forget(name) { watched.delete(name); },
    // seen tells what was: how many frames were shown and how many of them could not be read, and
    // of the others whose they were, how many different ones came, how many steps went back, how
    // many frames are missing between two that came, how far off the grey is (of 255), and how long
    // ago the last frame came (ms).
    seen(name) {
      const { list, shown, unread, width, height, at = 0 } = watched.get(name) ?? { list: [], shown: 0, unread: 0, width: 0, height: 0 };
      let distinct = list.length > 0 ? 1 : 0, back = 0, missing = 0;
      for (let i = 1; i < list.length; i++) {
        const step = (list[i].frame - list[i - 1].frame + frames) % frames;
        if (step > frames / 2) back++;
        else if (step > 0) { distinct++; missing += step - 1; }
      }
      const off = list.reduce((total, { off }) => total + off, 0) / (list.length || 1);
      return { shown, unread, width, height, distinct, back, missing, off, ago: at && Date.now() - at, whose: [...new Set(list.map((f) => f.whose))] };
    },
  };
})();
