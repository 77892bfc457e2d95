// The sliders: a face that follows each one, and a picture that is signed when it is saved.

import { controls, createPortrait, edited, erasePortrait, savedStill } from "./api.js";
import { Consent } from "./consent.js";
import { Drop } from "./drop.js";
import { $, complain, el, word } from "./elements.js";
import { has, language, onLanguage, t, translate } from "./words.js";

const SHOWN = ["head", "gaze", "face"];

export function startSliders(told) {
  const form = $("sliders-form");
  const photo = new Drop($("sliders-drop"));
  const consent = new Consent($("sliders-consent"), "sliders", told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = !photo.file ? ["need.photo", photo] : consent.missing() ? [consent.missing(), consent] : null;
    complain($("sliders-error"), missing && { key: missing[0] });
    if (missing) {
      missing[1].mark();
      return;
    }
    const button = form.querySelector(".primary");
    button.disabled = true;
    word(button, "sliders.opening");
    try {
      const { settings, receipt } = consent.answer();
      const [portrait, known] = await Promise.all([createPortrait({ photo: photo.file, receipt, settings }), controls()]);
      consent.forget();
      form.hidden = true;
      new Studio(portrait, known.controls, () => {
        form.hidden = false;
        photo.empty();
      });
    } catch (error) {
      complain($("sliders-error"), error);
    } finally {
      button.disabled = false;
      word(button, "sliders.go");
    }
  });
}

class Studio {
  constructor(portrait, known, leave) {
    this.portrait = portrait;
    this.edits = {};
    this.busy = false;
    this.picture = el("img", { id: "studio-picture", width: portrait.size[0], height: portrait.size[1], alt: t("sliders.picture") });
    this.error = el("p", { class: "error", role: "alert", hidden: true });
    this.inputs = [];
    const group = (name) => known.filter((control) => control.group === name);
    const sections = SHOWN.map((name) => el("section", {}, el("h2", { t: `group.${name}` }), ...group(name).map((each) => this.control(each))));
    const rest = known.filter((control) => !SHOWN.includes(control.group)).map((each) => this.control(each));
    const more = el("details", {}, el("summary", { t: "sliders.more" }), ...rest);
    const reset = el("button", { type: "button", id: "studio-reset", t: "sliders.reset", on: { click: () => this.reset() } });
    this.save = el("button", { type: "button", class: "primary", t: "sliders.save", on: { click: () => this.keep() } });
    const other = el("button", { type: "button", class: "quiet", t: "sliders.other", on: { click: () => this.close(leave) } });
    $("studio").replaceChildren(el("div", { class: "studio" },
      el("div", { class: "picture" }, this.picture, el("div", { class: "actions" }, this.save, reset, other), this.error),
      el("div", { class: "controls" }, ...sections, more)));
    $("studio").hidden = false;
    translate($("studio"));
    onLanguage(() => this.inputs.forEach(({ input, label, control }) => {
      label.textContent = title(control);
      input.setAttribute("aria-label", title(control));
    }));
    this.draw();
    this.inputs[0]?.input.focus();
  }

  control(control) {
    const step = (control.high - control.low) / 100;
    const input = el("input", { type: "range", min: control.low, max: control.high, step, value: 0, name: control.name });
    const label = el("span", { textContent: title(control) });
    const output = el("output", { textContent: shown(0, control) });
    input.addEventListener("input", () => {
      const value = input.valueAsNumber;
      input.setAttribute("aria-valuetext", shown(value, control));
      output.textContent = shown(value, control);
      if (value) this.edits[control.name] = value;
      else delete this.edits[control.name];
      this.draw();
    });
    this.inputs.push({ input, output, label, control });
    input.setAttribute("aria-label", title(control));
    return el("label", { class: "control", title: control.words }, label, input, output);
  }

  // One request at a time, always with the newest values: the picture follows as fast as it can be made.
  async draw() {
    this.stale = true;
    if (this.busy) return;
    this.busy = true;
    while (this.stale) {
      this.stale = false;
      try {
        const address = URL.createObjectURL(await edited(this.portrait.id, this.edits));
        const before = this.picture.src;
        this.picture.src = address;
        await this.picture.decode().catch(() => {});
        if (before) URL.revokeObjectURL(before);
        this.picture.dataset.drawn = String(Number(this.picture.dataset.drawn ?? 0) + 1);
        complain(this.error, null);
      } catch (error) {
        complain(this.error, error);
      }
    }
    this.busy = false;
  }

  reset() {
    this.edits = {};
    for (const { input, output, control } of this.inputs) {
      input.value = 0;
      output.textContent = shown(0, control);
    }
    this.draw();
  }

  async keep() {
    this.save.disabled = true;
    word(this.save, "sliders.saving");
    try {
      const address = URL.createObjectURL(await savedStill(this.portrait.id, this.edits));
      el("a", { href: address, download: "mimica.png" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      complain(this.error, error);
    } finally {
      this.save.disabled = false;
      word(this.save, "sliders.save");
    }
  }

  close(leave) {
    erasePortrait(this.portrait.id).catch(() => {});
    $("studio").replaceChildren();
    $("studio").hidden = true;
    leave();
  }
}

function title(control) {
  const key = `control.${control.name}`;
  if (language !== "en" && has(key)) return t(key);
  return control.name.replaceAll("-", " ");
}

function shown(value, control) {
  if (control.unit) return `${Math.round(value * 10) / 10} ${control.unit}`.replace(" °", "°");
  return `${Math.round(value * 100)} %`;
}
