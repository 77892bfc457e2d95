// The camera: a recorder whose film stays in the page until it is sent.

import { el } from "./elements.js";

const KINDS = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/webm;codecs=vp9,opus", "video/webm"];
export const LONGEST_S = 120;

export class Recorder {
  constructor() {
    this.view = el("video", { muted: true, playsInline: true, autoplay: true, class: "mirror" });
    this.running = false;
    this.parts = [];
  }

  // Throws when there is no camera or it is not allowed. Without a microphone the film is silent.
  async open() {
    const video = { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: true });
    } catch {
      this.stream = await navigator.mediaDevices.getUserMedia({ video });
    }
    this.view.srcObject = this.stream;
  }

  start(tick) {
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    this.recorder = new MediaRecorder(this.stream, { mimeType, videoBitsPerSecond: 8_000_000 });
    this.recorder.addEventListener("dataavailable", (event) => event.data.size && this.parts.push(event.data));
    this.recorder.start(1000);
    this.running = true;
    let seconds = 0;
    tick(seconds);
    this.clock = setInterval(() => {
      tick(++seconds);
      if (seconds >= LONGEST_S && this.recorder.state === "recording") this.recorder.pause();
    }, 1000);
  }

  finish() {
    clearInterval(this.clock);
    return new Promise((done) => {
      const type = this.recorder.mimeType.split(";")[0];
      this.recorder.addEventListener("stop", () => done(new Blob(this.parts, { type })));
      this.recorder.stop();
    });
  }

  close() {
    clearInterval(this.clock);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.view.srcObject = null;
  }
}
