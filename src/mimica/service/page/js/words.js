// Words: the page in the language of whoever reads it. Dictionaries are files; a missing word falls back to English.

const NAMES = { en: "English", it: "Italiano" };
const listeners = new Set();
let english = {};
let current = {};
export let language = "en";

export async function startWords() {
  english = await dictionary("en");
  const asked = localStorage.getItem("mimica.language") ?? navigator.language.slice(0, 2);
  await speak(asked in NAMES ? asked : "en", false);
}

export async function speak(code, keep = true) {
  current = code === "en" ? english : await dictionary(code);
  language = code;
  if (keep) localStorage.setItem("mimica.language", code);
  document.documentElement.lang = code;
  translate(document);
  listeners.forEach((listener) => listener());
}

export function otherLanguage() {
  const code = language === "en" ? "it" : "en";
  return { code, name: NAMES[code] };
}

export function onLanguage(listener) {
  listeners.add(listener);
}

export function t(key, values = {}) {
  const text = current[key] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function has(key) {
  return key in current || key in english;
}

// Elements say which word they show: data-t for their text, data-t-label for their accessible name.
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t, values(element));
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel, values(element)));
}

function values(element) {
  return element.dataset.tValues ? JSON.parse(element.dataset.tValues) : {};
}

export function moment(iso) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 90) return new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "short" }).format(whole);
  return new Intl.NumberFormat(language, { style: "unit", unit: "minute", unitDisplay: "short" }).format(Math.round(whole / 60));
}

async function dictionary(code) {
  return (await fetch(`/page/words/${code}.json`)).json();
}
