// The result beside its performance: two videos, one clock.

import { el, word } from "./elements.js";
import { t, translate } from "./words.js";

const DRIFT_S = 0.08;

export class Duet {
  constructor(result, driver, poster) {
    this.result = el("video", { src: result, poster: poster ?? "", playsInline: true, preload: "auto", id: "result-video" });
    this.driver = el("video", { src: driver, playsInline: true, preload: "auto", muted: true, id: "driver-video" });
    this.result.dataset.tLabel = "result.video";
    this.driver.dataset.tLabel = "result.driver";
    this.button = el("button", { type: "button", t: "result.play", id: "play", on: { click: () => this.toggle() } });
    this.seek = el("input", { type: "range", min: 0, max: 1000, value: 0, on: { input: () => this.jump() } });
    this.seek.dataset.tLabel = "result.seek";
    this.clock = el("output", { textContent: "0:00" });
    this.element = el("div", {},
      el("div", { class: "duet" },
        el("figure", {}, this.result, el("figcaption", { t: "result.video" })),
        el("figure", {}, this.driver, el("figcaption", { t: "result.driver" }))),
      el("div", { class: "player" }, this.button, this.seek, this.clock));
    this.follow();
    translate(this.element);
  }

  follow() {
    const { result, driver } = this;
    result.addEventListener("play", () => {
      driver.currentTime = result.currentTime;
      driver.play().catch(() => {});
      word(this.button, "result.pause");
    });
    result.addEventListener("pause", () => {
      driver.pause();
      word(this.button, "result.play");
    });
    result.addEventListener("seeking", () => (driver.currentTime = result.currentTime));
    result.addEventListener("timeupdate", () => this.tick());
    result.addEventListener("loadedmetadata", () => this.tick());
    result.addEventListener("click", () => this.toggle());
    driver.addEventListener("error", () => driver.closest("figure").remove()); // recorded motion has no picture
  }

  tick() {
    const { result, driver } = this;
    if (!driver.seeking && Math.abs(driver.currentTime - result.currentTime) > DRIFT_S && !result.paused) driver.currentTime = result.currentTime;
    const whole = Number.isFinite(result.duration) ? result.duration : 0;
    if (whole && document.activeElement !== this.seek) this.seek.value = (1000 * result.currentTime) / whole;
    this.clock.textContent = `${time(result.currentTime)} / ${time(whole)}`;
    this.seek.setAttribute("aria-valuetext", `${time(result.currentTime)} ${t("result.video")}`);
  }

  toggle() {
    if (this.result.paused) this.result.play().catch(() => {});
    else this.result.pause();
  }

  jump() {
    if (Number.isFinite(this.result.duration)) this.result.currentTime = (this.result.duration * this.seek.valueAsNumber) / 1000;
  }
}

function time(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
