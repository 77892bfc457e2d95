// Elements: made by calls, never from text, so nothing a file or a server says can become markup.

import { t } from "./words.js";

export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "t") {
      element.dataset.t = value;
      element.textContent = t(value);
    } else if (key === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (key.startsWith("aria-") || key === "role" || key === "for") element.setAttribute(key, value);
    else if (key === "class") element.className = value;
    else if (value !== undefined && value !== null) element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const $ = (id) => document.getElementById(id);

// A word of the dictionary that stays translated when the language changes.
export function word(element, key, values) {
  element.dataset.t = key;
  if (values) element.dataset.tValues = JSON.stringify(values);
  else delete element.dataset.tValues;
  element.textContent = t(key, values);
}

export function plain(element, text) {
  delete element.dataset.t;
  delete element.dataset.tValues;
  element.textContent = text;
}

export function say(text) {
  $("said").textContent = "";
  requestAnimationFrame(() => ($("said").textContent = text));
}

export function complain(element, error) {
  element.hidden = error === null;
  if (error === null) plain(element, "");
  else if (error.key) word(element, error.key);
  else plain(element, error.message ?? String(error));
}
