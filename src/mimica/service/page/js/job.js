// One job: how far it is, what it looks like so far, and what came out.

import { cancelJob, eraseJob, job as getJob, watch } from "./api.js";
import { Duet } from "./duet.js";
import { $, el, plain, say, word } from "./elements.js";
import { duration, t } from "./words.js";

let stopWatching = () => {};
let present = null;

export function startJob() {
  $("job-cancel").addEventListener("click", async () => {
    $("job-cancel").disabled = true;
    word($("job-cancel"), "job.cancelling");
    await cancelJob(present);
  });
}

export function leaveJob() {
  stopWatching();
  stopWatching = () => {};
  present = null;
  $("job-result").replaceChildren();
}

export async function showJob(id, { verify, erase }) {
  leaveJob();
  present = id;
  const picture = $("job-preview");
  picture.hidden = true;
  picture.removeAttribute("src");
  $("job-cancel").disabled = false;
  word($("job-cancel"), "job.cancel");
  $("job-progress").hidden = true;
  $("job-result").hidden = true;
  let before = "";
  const show = (job) => {
    if (present !== id) return;
    if (job.state !== before) announce(job);
    before = job.state;
    if (job.state === "queued" || job.state === "running") progress(job);
    else finished(job, { verify, erase });
  };
  try {
    const job = await getJob(id);
    show(job);
    if (job.state !== "queued" && job.state !== "running") return;
  } catch (error) {
    word($("job-title"), "job.erased");
    plain($("job-lead"), error.status === 404 ? "" : error.message);
    return;
  }
  stopWatching = watch(id, {
    job: show,
    preview: ({ jpeg }) => {
      if (present !== id) return;
      picture.src = `data:image/jpeg;base64,${jpeg}`;
      picture.alt = t("job.preview");
      picture.hidden = false;
    },
    erased: () => present === id && word($("job-title"), "job.erased"),
    lost: () => present === id && word($("job-numbers"), "job.lost"),
  });
}

function announce(job) {
  const keys = { queued: "job.waiting", running: "job.running", done: "job.done", failed: "job.failed", cancelled: "job.cancelled" };
  const key = keys[job.state];
  word($("job-title"), key);
  if (job.state === "failed") plain($("job-lead"), job.error.message);
  else word($("job-lead"), `${key}.lead`);
  say(t(key));
  if (document.activeElement === document.body) $("job-title").focus();
}

function progress(job) {
  $("job-progress").hidden = false;
  const { done, total, remaining_s, stage } = job.progress;
  const bar = $("job-bar");
  if (job.state === "running" && total) bar.value = (100 * done) / total;
  else bar.removeAttribute("value");
  bar.setAttribute("aria-label", t("job.running"));
  if (job.state === "queued") {
    plain($("job-numbers"), "");
    return;
  }
  const kind = ["preparing", "reading", "animating", "writing"].find((each) => stage.startsWith(each));
  const parts = [kind ? t(`stage.${kind}`) : stage];
  if (total) parts.push(t("job.frames", { done, total }));
  if (remaining_s) parts.push(t("job.left", { left: duration(remaining_s) }));
  plain($("job-numbers"), parts.join(" · "));
}

function finished(job, { verify, erase }) {
  $("job-progress").hidden = true;
  const box = $("job-result");
  box.hidden = false;
  const again = el("a", { class: "button", href: "#animate", t: "result.again" });
  const remove = el("button", { type: "button", class: "danger", t: "result.erase", on: { click: () => erase(job.id, () => eraseJob(job.id)) } });
  if (job.state !== "done") {
    box.replaceChildren(el("div", { class: "actions" }, again, remove));
    return;
  }
  const duet = new Duet(job.links.result, job.links.driver, job.links.preview);
  const save = el("a", { class: "button primary", href: `${job.links.result}?download=true`, t: "result.download" });
  const check = el("button", { type: "button", t: "result.verify", on: { click: () => verify(job) } });
  box.replaceChildren(duet.element, el("div", { class: "actions" }, save, check, again, remove));
}
