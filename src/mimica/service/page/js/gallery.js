// The gallery: what was asked for, the newest first, until it is erased.

import { eraseJob, jobs } from "./api.js";
import { $, el, plain, word } from "./elements.js";
import { moment, t } from "./words.js";

let next = null;

export async function showGallery({ hours, erase }) {
  $("gallery-list").replaceChildren();
  $("gallery-more").hidden = true;
  word($("gallery-lead"), "gallery.lead", { hours: Math.round(hours * 10) / 10 });
  await more(null, erase);
  $("gallery-more").onclick = () => more(next, erase);
}

async function more(from, erase) {
  let page;
  try {
    page = await jobs(from);
  } catch (error) {
    if (error.key) word($("gallery-lead"), error.key);
    else plain($("gallery-lead"), error.message);
    return;
  }
  next = page.next;
  $("gallery-more").hidden = next === null;
  $("gallery-list").append(...page.jobs.map((job) => card(job, erase)));
  if (!$("gallery-list").children.length) word($("gallery-lead"), "gallery.none");
}

function card(job, erase) {
  const when = moment(job.created);
  const address = `#job/${job.id}`;
  const image = el("img", { src: job.links.preview ?? job.links.photo, alt: "", loading: "lazy" });
  const picture = el("a", { class: "picture", href: address, "aria-label": t("gallery.picture", { when }) }, image);
  const state = el("span", { class: `state ${job.state}`, t: `state.${job.state}` });
  const why = job.error ? el("p", { textContent: job.error.message }) : null;
  const remove = el("button", {
    type: "button", t: "gallery.erase", "aria-label": `${t("gallery.erase")}, ${when}`,
    on: { click: () => erase(job.id, async () => { await eraseJob(job.id); item.remove(); }) },
  });
  const item = el("li", {}, picture, el("div", { class: "text" }, state, el("p", { textContent: when }), why),
    el("div", { class: "actions" }, el("a", { class: "button", href: address, t: "gallery.open" }), remove));
  item.dataset.job = job.id;
  return item;
}
