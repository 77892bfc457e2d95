// Verify: what each layer of provenance says of a file, in words that promise no more than they know.

import { verify } from "./api.js";
import { Drop } from "./drop.js";
import { $, complain, el } from "./elements.js";
import { moment, onLanguage, t } from "./words.js";

let drop = null;
let answer = null;

export function startVerify() {
  drop = new Drop($("verify-drop"), { changed: (file) => look(file) });
  onLanguage(() => answer && $("verify-answer").replaceChildren(shown(answer)));
}

export function verifyFile(file, name) {
  drop.take(file, name);
}

async function look(file) {
  const box = $("verify-answer");
  answer = null;
  complain($("verify-error"), null);
  box.replaceChildren();
  if (!file) return;
  box.replaceChildren(el("p", { class: "aside", t: "verify.looking" }));
  try {
    answer = await verify(file);
    if (drop.file === file) box.replaceChildren(shown(answer));
  } catch (error) {
    box.replaceChildren();
    complain($("verify-error"), error);
  }
}

function shown(found) {
  const { manifest, mark, registry, tags } = found;
  const record = registry?.[0];
  const records = registry === null ? t("registry.none")
    : record ? t("registry.yes", { when: moment(record.time), basis: t(`basis.${record.consent.basis}`) }) : t("registry.no");
  const rows = [
    ["verify.manifest", t(`manifest.${manifest.state}`, { signer: manifest.signer }), { trusted: "good", valid: "good", invalid: "bad" }[manifest.state]],
    ["verify.mark", t(mark.found ? "mark.yes" : "mark.no", { id: mark.mark_id, frames: mark.frames }), mark.found ? "good" : ""],
    ["verify.registry", records, record ? "good" : ""],
    ["verify.tags", t(tags.generated ? "tags.yes" : "tags.no"), tags.generated ? "good" : ""],
  ];
  return el("div", { class: "answer" },
    el("h2", { class: found.marked ? "good" : "", textContent: t(found.marked ? "verify.yes" : "verify.no") }),
    found.marked ? null : el("p", { class: "small", textContent: t("verify.no.lead") }),
    el("dl", {}, ...rows.flatMap(([key, text, tone]) => [el("dt", { textContent: t(key) }), el("dd", { class: tone ?? "", textContent: text })])),
    ...[...manifest.problems, ...found.notes].map((note) => el("p", { class: "small", textContent: note })));
}
