// The first view: a photo, a performance, a word of consent, and off it goes.

import { createJob, faces } from "./api.js";
import { Consent } from "./consent.js";
import { Drop } from "./drop.js";
import { $, complain, el, word } from "./elements.js";
import { t } from "./words.js";

export function startAnimate(told, open) {
  const form = $("animate-form");
  const photo = new Drop($("photo-drop"), { changed: (file) => findFaces(form.elements.face, file) });
  const driver = new Drop($("driver-drop"), { camera: true });
  const consent = new Consent($("animate-consent"), "animate", told);
  for (const range of form.querySelectorAll(".options input[type=range]")) showValue(range);
  let key = null;

  form.addEventListener("input", () => (key = null));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = !photo.file ? ["need.photo", photo] : !driver.file ? ["need.driver", driver] : consent.missing() ? [consent.missing(), consent] : null;
    complain($("animate-error"), missing && { key: missing[0] });
    if (missing) {
      missing[1].mark();
      return;
    }
    const button = form.querySelector(".primary");
    button.disabled = true;
    word(button, "animate.sending");
    key ??= crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // the same request sent twice makes one job
    try {
      const { settings, receipt } = consent.answer();
      const job = await createJob({ photo: photo.file, driver: driver.file, receipt, settings: { ...settings, ...chosen(form) } }, key);
      consent.forget();
      key = null;
      open(job);
    } catch (error) {
      complain($("animate-error"), error);
    } finally {
      button.disabled = false;
      word(button, "animate.go");
    }
  });
}

function chosen(form) {
  const { expression, pose, gaze, framing, face, audio } = form.elements;
  return {
    expression: expression.valueAsNumber, pose: pose.valueAsNumber, gaze: gaze.valueAsNumber, framing: framing.value,
    face: face.value === "largest" ? "largest" : Number(face.value), audio: audio.checked,
  };
}

function showValue(range) {
  const output = range.parentElement.querySelector("output");
  const show = () => (output.textContent = `${Math.round(range.valueAsNumber * 100)} %`);
  range.addEventListener("input", show);
  show();
}

// Several faces: let the person choose one, named by where it stands.
async function findFaces(select, photo) {
  const largest = el("option", { value: "largest", t: "options.largest" });
  select.replaceChildren(largest);
  if (!photo) return;
  try {
    const found = (await faces(photo)).faces;
    if (found.length < 2) return;
    found.sort((a, b) => a.box[0] - b.box[0]);
    for (const [index, face] of found.entries()) {
      const option = el("option", { value: String(face.number), textContent: t("options.number", { n: index + 1 }) });
      option.dataset.t = "options.number";
      option.dataset.tValues = JSON.stringify({ n: index + 1 });
      select.append(option);
    }
  } catch {
    // the job itself will say what is wrong with the photo
  }
}
