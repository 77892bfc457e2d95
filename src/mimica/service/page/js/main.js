// The page: which view is shown, language and theme, the token, and erasing after a question.

import { onTokenNeeded, openSession, session } from "./api.js";
import { startAnimate } from "./animate.js";
import { $, complain, say, word } from "./elements.js";
import { showGallery } from "./gallery.js";
import { leaveJob, showJob, startJob } from "./job.js";
import { startLive } from "./live.js";
import { startSliders } from "./sliders.js";
import { startVerify, verifyFile } from "./verify.js";
import { onLanguage, otherLanguage, speak, startWords, t } from "./words.js";

const VIEWS = ["animate", "sliders", "live", "gallery", "verify", "job"];
let told = null;

async function show() {
  const [name, id] = (location.hash.slice(1) || "animate").split("/");
  const view = VIEWS.includes(name) && (name !== "job" || /^[0-9a-f]{32}$/.test(id ?? "")) ? name : "animate";
  for (const each of VIEWS) $(each).hidden = each !== view;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  title(view);
  if (view === "job") await showJob(id, { verify: verifyResult, erase });
  else leaveJob();
  if (view === "gallery") await showGallery({ hours: told.retention_hours, erase });
}

function title(view) {
  document.title = view === "job" ? "Mimica" : `${t(`nav.${view}`)} · Mimica`;
}

async function verifyResult(job) {
  const film = await (await fetch(job.links.result)).blob();
  location.hash = "#verify";
  verifyFile(film, `mimica-${job.id.slice(0, 8)}.mp4`);
}

function erase(id, remove) {
  const dialog = $("sure");
  dialog.returnValue = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "yes") return;
    try {
      await remove();
    } catch (error) {
      say(error.message);
      return;
    }
    say(t("said.erased"));
    if (location.hash === `#job/${id}`) location.hash = "#gallery";
  };
  dialog.showModal();
}

function askForToken() {
  const dialog = $("login");
  return new Promise((done) => {
    dialog.oncancel = (event) => event.preventDefault();
    dialog.querySelector("form").onsubmit = async (event) => {
      event.preventDefault();
      try {
        await openSession($("login-token").value.trim());
      } catch {
        complain($("login-error"), { key: "login.wrong" });
        $("login-token").select();
        return;
      }
      $("login-token").value = "";
      complain($("login-error"), null);
      dialog.close();
      done();
    };
    if (!dialog.open) dialog.showModal();
  });
}

function startTheme() {
  const kept = localStorage.getItem("mimica.theme");
  if (kept) document.documentElement.dataset.theme = kept;
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("mimica.theme", root.dataset.theme);
  });
}

function startLanguage() {
  const button = $("language");
  const name = () => {
    const other = otherLanguage();
    button.textContent = other.name;
    button.lang = other.code;
  };
  button.addEventListener("click", () => speak(otherLanguage().code));
  onLanguage(name);
  onLanguage(show);
  name();
}

async function start() {
  startTheme();
  await startWords();
  let asking = null;
  onTokenNeeded(() => (asking ??= askForToken().finally(() => (asking = null))));
  try {
    told = await session();
  } catch (error) {
    $("animate").hidden = false;
    complain($("animate-error"), error);
    return;
  }
  startAnimate(told, (job) => (location.hash = `#job/${job.id}`));
  startJob();
  startSliders(told);
  startLive(told);
  startVerify();
  startLanguage();
  addEventListener("hashchange", async () => {
    await show();
    $("main").focus({ preventScroll: true });
    scrollTo({ top: 0 });
  });
  await show();
  word($("job-cancel"), "job.cancel");
  document.documentElement.dataset.ready = "true";
}

start();
