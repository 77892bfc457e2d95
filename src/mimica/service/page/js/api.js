// The service: every request goes to this very origin. Errors carry the service's own line, or a word of ours for it.

import { has } from "./words.js";

const BASE = "/api/v1";
let needToken = null;

export class Failure extends Error {
  constructor(message, status, kind) {
    super(message);
    this.status = status;
    this.kind = kind;
    if (has(`fail.${kind}`)) this.key = `fail.${kind}`;
  }
}

// asked: called when the service wants a token; resolves when one was given.
export function onTokenNeeded(asked) {
  needToken = asked;
}

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${BASE}/${path}`, { ...options, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("no answer", 0, "network");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const kind = (problem.type ?? "").split(":").pop();
  if (answer.status === 401 && needToken && path !== "session-open") {
    await needToken();
    return request(path, options);
  }
  throw new Failure(problem.detail ?? answer.statusText, answer.status, kind);
}

const json = async (path, options) => (await request(path, options)).json();
const body = (data) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) });

function form(parts) {
  const data = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    if (value === null || value === undefined) continue;
    data.append(name, value instanceof Blob ? value : new Blob([JSON.stringify(value)], { type: "application/json" }), name);
  }
  return { method: "POST", body: data };
}

export const session = () => json("session");
export async function openSession(token) {
  const answer = await fetch(`${BASE}/session`, body({ token }));
  if (!answer.ok) throw new Failure("wrong token", answer.status, "wrong-token");
}
export function createJob(parts, key) {
  const sent = form(parts);
  return json("jobs", { ...sent, headers: { "Idempotency-Key": key } });
}
export const job = (id) => json(`jobs/${id}`);
export const jobs = (next) => json(next ?? "jobs?limit=24");
export const cancelJob = (id) => json(`jobs/${id}/cancel`, { method: "POST" });
export const eraseJob = (id) => request(`jobs/${id}`, { method: "DELETE" });
export const verify = (file) => json("verify", form({ file }));
export const faces = (photo) => json("faces", form({ photo }));
export const controls = () => json("controls");
export const createPortrait = (parts) => json("portraits", form(parts));
export const erasePortrait = (id) => request(`portraits/${id}`, { method: "DELETE" });
export const edited = async (id, edits, signal) => (await request(`portraits/${id}/edits`, { ...body({ edits }), signal })).blob();
export const savedStill = async (id, edits) => (await request(`portraits/${id}/stills`, body({ edits }))).blob();

// Every change of a job until it is finished. tell: {job, preview, erased, lost}. Returns a function that stops watching.
export function watch(id, tell) {
  const source = new EventSource(`${BASE}/jobs/${id}/events`);
  source.addEventListener("job", (event) => {
    const data = JSON.parse(event.data);
    if (["done", "failed", "cancelled"].includes(data.state)) source.close();
    tell.job(data);
  });
  source.addEventListener("preview", (event) => tell.preview(JSON.parse(event.data)));
  source.addEventListener("erased", () => {
    source.close();
    tell.erased();
  });
  source.addEventListener("error", () => tell.lost());
  return () => source.close();
}
