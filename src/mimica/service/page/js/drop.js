// A place for a file: dropped, chosen, or (a performance) recorded from the camera.

import { Recorder } from "./camera.js";
import { el, say } from "./elements.js";
import { t, translate } from "./words.js";

export class Drop {
  constructor(box, { camera = false, changed = () => {} } = {}) {
    this.box = box;
    this.kind = box.dataset.kind;
    this.accept = box.dataset.accept;
    this.camera = camera && Boolean(navigator.mediaDevices?.getUserMedia) && "MediaRecorder" in window;
    this.changed = changed;
    this.file = null;
    this.input = el("input", { type: "file", accept: this.accept, id: `${box.id}-input`, tabIndex: -1 });
    this.input.setAttribute("aria-hidden", "true");
    this.input.addEventListener("change", () => this.input.files[0] && this.take(this.input.files[0]));
    box.setAttribute("role", "group");
    box.dataset.tLabel = `drop.${this.kind}`;
    this.listen();
    this.empty();
  }

  listen() {
    const { box } = this;
    box.addEventListener("dragover", (event) => {
      event.preventDefault();
      box.classList.add("over");
    });
    box.addEventListener("dragleave", () => box.classList.remove("over"));
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      box.classList.remove("over");
      const file = event.dataTransfer.files[0];
      if (file) this.take(file);
    });
  }

  show(...children) {
    this.box.replaceChildren(this.input, ...children);
    translate(this.box.parentElement);
  }

  empty() {
    this.release();
    this.file = null;
    this.input.value = "";
    this.box.classList.remove("full", "wrong");
    const choose = el("button", { type: "button", t: "drop.choose", on: { click: () => this.input.click() } });
    const record = this.camera ? el("button", { type: "button", t: "drop.record", on: { click: () => this.record() } }) : null;
    this.show(
      el("div", { class: "empty" }, el("h2", { t: `drop.${this.kind}` }), el("p", { t: `drop.${this.kind}.hint` }),
        el("div", { class: "choices" }, choose, record)),
    );
    this.changed(null);
  }

  take(file, name = file.name) {
    this.release();
    this.file = file;
    this.address = URL.createObjectURL(file);
    this.box.classList.add("full");
    this.box.classList.remove("wrong");
    const media = this.picture(file);
    media.setAttribute("aria-label", name);
    const bar = el("div", { class: "bar" }, el("span", { textContent: name }),
      el("button", { type: "button", t: "drop.change", on: { click: () => this.empty() } }));
    this.show(el("div", { class: "shown" }, media), bar);
    say(`${t(`drop.${this.kind}`)}: ${name}`);
    this.changed(file);
  }

  picture(file) {
    if (file.type.startsWith("video/"))
      return el("video", { src: this.address, muted: true, loop: true, playsInline: true, autoplay: true, controls: false });
    if (file.type.startsWith("image/")) return el("img", { src: this.address, alt: "" });
    return el("div", { class: "empty" }, el("h2", { t: "drop.motion" })); // recorded motion has no picture
  }

  async record() {
    const recorder = new Recorder();
    const stop = () => {
      recorder.close();
      this.empty();
    };
    try {
      await recorder.open();
    } catch {
      recorder.close();
      say(t("camera.no"));
      this.show(el("div", { class: "empty" }, el("h2", { t: "drop.driver" }), el("p", { t: "camera.no", role: "alert" }),
        el("div", { class: "choices" }, el("button", { type: "button", t: "drop.choose", on: { click: () => this.input.click() } }))));
      return;
    }
    const status = el("span", { t: "camera.ready" });
    const button = el("button", { type: "button", class: "red", t: "camera.start" });
    button.addEventListener("click", async () => {
      if (!recorder.running) {
        recorder.start((seconds) => (status.textContent = `${t("camera.on")} ${seconds} s`));
        button.dataset.t = "camera.stop";
        button.textContent = t("camera.stop");
        return;
      }
      const film = await recorder.finish();
      recorder.close();
      this.take(film, t("camera.name"));
    });
    this.box.classList.add("full");
    this.show(el("div", { class: "shown" }, recorder.view), el("div", { class: "bar" }, status, button,
      el("button", { type: "button", t: "camera.back", on: { click: stop } })));
    say(t("camera.ready"));
    button.focus();
  }

  release() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
  }

  mark() {
    this.box.classList.add("wrong");
    this.box.querySelector("button")?.focus();
  }
}
