// Live: this browser's camera moves a portrait. The next picture goes up when the last was answered: none waits in a line.

import { createPortrait, erasePortrait } from "./api.js";
import { Consent } from "./consent.js";
import { Drop } from "./drop.js";
import { $, complain, el, plain, word } from "./elements.js";
import { has, t, translate } from "./words.js";

const CAMERA = { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } };
const SIDE_PX = 512;
const QUALITY = 0.85;

export function startLive(told) {
  const form = $("live-form");
  const photo = new Drop($("live-drop"));
  const consent = new Consent($("live-consent"), "live", told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = !photo.file ? ["need.photo", photo] : consent.missing() ? [consent.missing(), consent] : null;
    complain($("live-error"), missing && { key: missing[0] });
    if (missing) {
      missing[1].mark();
      return;
    }
    const button = form.querySelector(".primary");
    button.disabled = true;
    word(button, "live.opening");
    let camera = null;
    try {
      camera = await navigator.mediaDevices.getUserMedia({ video: CAMERA }).catch(() => {
        throw Object.assign(new Error("no camera"), { key: "camera.no" });
      });
      const { settings, receipt } = consent.answer();
      const portrait = await createPortrait({ photo: photo.file, receipt, settings });
      consent.forget();
      form.hidden = true;
      new Session(portrait, camera, () => {
        form.hidden = false;
        photo.empty();
      });
    } catch (error) {
      for (const track of camera?.getTracks() ?? []) track.stop();
      complain($("live-error"), error);
    } finally {
      button.disabled = false;
      word(button, "live.go");
    }
  });
}

class Session {
  constructor(portrait, camera, leave) {
    Object.assign(this, { portrait, camera, leave, waiting: false, latencies: [], shown: 0 });
    this.view = el("video", { muted: true, playsInline: true, autoplay: true, srcObject: camera });
    this.canvas = el("canvas");
    this.picture = el("img", { id: "live-picture", width: portrait.size[0], height: portrait.size[1], alt: t("live.picture") });
    this.state = el("p", { id: "live-state", role: "status", t: "live.preparing" });
    this.numbers = el("p", { id: "live-numbers", class: "numbers" });
    this.error = el("p", { class: "error", role: "alert", hidden: true });
    const button = (key, click, kind = "") => el("button", { type: "button", id: key.replace(".", "-"), class: kind, t: key, on: { click } });
    const mirror = button("live.mirror", () => mirror.setAttribute("aria-pressed", this.picture.classList.toggle("mirror")), "quiet");
    mirror.setAttribute("aria-pressed", "false");
    $("live-stage").replaceChildren(this.picture, this.state, el("div", { class: "actions" },
      button("live.rest", () => this.say("calibrate"), "primary"), button("live.anew", () => this.say("forget")), mirror,
      button("live.stop", () => this.close(), "quiet")), this.numbers, this.error);
    $("live-stage").hidden = false;
    translate($("live-stage"));
    this.left = () => location.hash !== "#live" && this.close();
    addEventListener("hashchange", this.left);
    this.open();
  }

  open() {
    const address = new URL(`/api/v1/portraits/${this.portrait.id}/live?size_px=${SIDE_PX}`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => (typeof data === "string" ? this.told(JSON.parse(data)) : this.show(data)));
    this.socket.addEventListener("close", ({ code }) => this.lost(code));
  }

  told(message) {
    if (message.state === "ready") {
      word(this.state, "live.look");
      this.view.play().catch(() => {}); // an element outside the page does not begin by itself
      this.ready = true;
      this.film();
    } else if (message.problem) {
      const key = `fail.${message.problem.kind}`;
      complain(this.error, has(key) ? { key } : { message: message.problem.detail });
    } else if (message.said) {
      word(this.state, !message.done ? "live.noface" : message.said === "calibrate" ? "live.set" : "live.measured");
    }
  }

  // The newest picture of the camera, whenever none is on its way.
  film() {
    if (!this.ready) return;
    if (!this.waiting && this.view.videoWidth) {
      this.waiting = true;
      const [width, height] = [this.view.videoWidth, this.view.videoHeight];
      const scale = Math.min(1, 640 / Math.max(width, height));
      Object.assign(this.canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
      this.canvas.getContext("2d").drawImage(this.view, 0, 0, this.canvas.width, this.canvas.height);
      const time = performance.now() / 1000;
      this.canvas.toBlob(async (blob) => {
        const head = new DataView(new ArrayBuffer(8));
        head.setFloat64(0, time);
        if (blob && this.socket.readyState === WebSocket.OPEN) this.socket.send(new Blob([head.buffer, blob]));
      }, "image/jpeg", QUALITY);
    }
    const next = () => this.film();
    if (this.view.requestVideoFrameCallback) this.view.requestVideoFrameCallback(next);
    else setTimeout(next, 33);
  }

  async show(data) {
    const time = new DataView(data).getFloat64(0);
    this.waiting = false;
    const address = URL.createObjectURL(new Blob([new Uint8Array(data, 8)], { type: "image/jpeg" }));
    const before = this.picture.src;
    this.picture.src = address;
    await this.picture.decode().catch(() => {});
    if (before) URL.revokeObjectURL(before);
    this.shown += 1;
    this.picture.dataset.shown = String(this.shown);
    const now = performance.now() / 1000;
    this.latencies.push([now, now - time]);
    this.latencies = this.latencies.filter(([when]) => now - when < 3);
    const waits = this.latencies.map(([, wait]) => wait).sort((a, b) => a - b);
    const seconds = Math.max(now - this.latencies[0][0], 0.1);
    const values = { fps: ((waits.length - 1) / seconds).toFixed(1), ms: Math.round(waits[Math.floor(waits.length / 2)] * 1000) };
    plain(this.numbers, t("live.numbers", values));
  }

  say(what) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ say: what }));
  }

  lost(code) {
    if (this.closed) return;
    this.ready = false;
    word(this.state, code === 1013 ? "live.busy" : "live.over");
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.ready = false;
    removeEventListener("hashchange", this.left);
    this.socket.close();
    for (const track of this.camera.getTracks()) track.stop();
    erasePortrait(this.portrait.id).catch(() => {});
    $("live-stage").replaceChildren();
    $("live-stage").hidden = true;
    this.leave();
  }
}
