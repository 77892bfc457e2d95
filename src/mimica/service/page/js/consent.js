// Consent: asked in plain words, chosen each time, never remembered.

import { el } from "./elements.js";
import { translate } from "./words.js";

export class Consent {
  // bases, purposes: as the service tells them. name: keeps the radios of two forms apart.
  constructor(place, name, { bases, purposes }) {
    this.bases = Object.fromEntries(bases.map((basis) => [basis.name, basis]));
    this.list = el("div", { class: "bases" }, ...bases.map((basis) => this.choice(name, basis)));
    this.receipt = el("input", { type: "file" });
    this.receiptWords = el("span", { t: "consent.receipt" });
    this.receiptRow = el("label", { hidden: true }, this.receiptWords, this.receipt);
    this.purpose = el("select", {}, ...Object.keys(purposes).map((each) => el("option", { value: each, t: `purpose.${each}` })));
    const box = el("fieldset", { class: "consent" }, el("legend", { t: "consent.title" }), el("p", { t: "consent.lead" }), this.list,
      el("div", { class: "terms" }, this.receiptRow, el("label", {}, el("span", { t: "consent.purpose" }), this.purpose)));
    place.replaceChildren(box);
    translate(place);
  }

  choice(name, basis) {
    const radio = el("input", { type: "radio", name: `${name}-basis`, value: basis.name });
    radio.addEventListener("change", () => this.chosen(basis));
    return el("label", {}, radio, el("b", { t: `basis.${basis.name}` }), el("span", { t: `basis.${basis.name}.asserts` }));
  }

  chosen(basis) {
    this.list.classList.remove("wrong");
    this.receiptRow.hidden = basis.receipt === "refused";
    if (this.receiptRow.hidden) this.receipt.value = "";
    this.receiptWords.dataset.t = basis.receipt === "required" ? "consent.receipt" : "consent.licence";
    translate(this.receiptRow);
  }

  get basis() {
    return this.list.querySelector(":checked")?.value ?? null;
  }

  // The key of what is missing, or null.
  missing() {
    if (this.basis === null) return "need.consent";
    const needed = this.bases[this.basis].receipt === "required";
    return needed && !this.receipt.files.length ? "need.receipt" : null;
  }

  mark() {
    this.list.classList.add("wrong");
    (this.basis === null ? this.list.querySelector("input") : this.receipt).focus();
  }

  answer() {
    return { settings: { consent: this.basis, purpose: this.purpose.value }, receipt: this.receipt.files[0] ?? null };
  }

  forget() {
    const radio = this.list.querySelector(":checked");
    if (radio) radio.checked = false;
    this.receipt.value = "";
    this.receiptRow.hidden = true;
    this.purpose.selectedIndex = 0;
  }
}
