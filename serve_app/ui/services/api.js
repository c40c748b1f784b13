// Every call of the API, in one place.
import { BASE } from "../core/router.js";
import { effect, signal, untracked } from "../core/store.js";

/** What a call failed with, as the API says it (RFC 9457). */
export class Problem extends Error {
  constructor(status, body, headers) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.title = body.title ?? "";
    this.code = body.code ?? "internal";
    this.retryable = Boolean(body.retryable);
    this.requestId = body.request_id ?? headers?.get("x-request-id") ?? null;
    this.retryAfter = Number(headers?.get("retry-after")) || null;
    this.body = body;
  }
}

/** Whether the server answers: null, or when it will be tried again. */
export const away = signal(null);
/** Counts up when a server that was away has come back: lists look again. */
export const returned = signal(0);
/** Have something done whenever a server that was away has come back. @param {() => void} act */
export function whenBack(act) {
  let times = 0;
  effect(() => {
    returned();
    if (times++) untracked(act);
  });
}
/** Called on a 401; resolves to whether it is worth asking again. Set where the front end begins. */
export const access = { ask: async () => false };

let waiting = null;

function lost() {
  if (waiting) return;
  const attempt = async (tries) => {
    const seconds = Math.min(30, 2 ** tries) * (0.8 + Math.random() * 0.4);
    away.set({ at: Date.now() + seconds * 1000 });
    waiting = setTimeout(async () => {
      try {
        if (!(await fetch(`${BASE}/livez`, { cache: "no-store" })).ok) throw new Error("not alive");
        waiting = null;
        away.set(null);
        returned.update((n) => n + 1);
      } catch {
        attempt(tries + 1);
      }
    }, seconds * 1000);
  };
  attempt(1);
}

/** Try now, in place of later. */
export function tryNow() {
  clearTimeout(waiting);
  waiting = null;
  fetch(`${BASE}/livez`, { cache: "no-store" }).then(
    () => { away.set(null); returned.update((n) => n + 1); },
    lost,
  );
}

/**
 * Ask, and return the answer itself; a 401 asks for a key once and then again.
 * @param {string} path @param {RequestInit & {json?: any, key?: string}} [options]
 * @returns {Promise<Response>}
 */
export async function send(path, { json, key, ...options } = {}, again = true) {
  const headers = new Headers(options.headers);
  headers.set("Accept", headers.get("Accept") ?? "application/json");
  if (json !== undefined) headers.set("Content-Type", "application/json");
  if (key) headers.set("Idempotency-Key", key);
  let answer;
  try {
    answer = await fetch(BASE + path, { credentials: "same-origin", ...options, headers, body: json === undefined ? options.body : JSON.stringify(json) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Problem(0, { title: "Server not reached", detail: "The server could not be reached.", code: "offline", retryable: true });
  }
  if (answer.ok || answer.status === 304) return answer;
  const body = await answer.json().catch(() => ({ title: answer.statusText }));
  if (answer.status === 401 && again && (await access.ask())) return send(path, { json, key, ...options }, false);
  throw new Problem(answer.status, body, answer.headers);
}

/** A key by which a request that is sent again starts nothing new. */
export const newKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

const query = (values) => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined && one !== "") search.append(name, one);
  }
  const text = search.toString();
  return text ? `?${text}` : "";
};
const get = async (path, options) => (await send(path, options)).json();
const post = (path, json, options) => get(path, { method: "POST", json: json ?? {}, ...options });
const remove = (path, options) => send(path, { method: "DELETE", ...options });
const JOBS = "/api/v1/jobs";
const video = (id, rest = "") => `/api/videos/${id}${rest}`;
const timeline = (id, rest = "") => `/api/timeline/${id}${rest}`;
const moment = (id, one, rest = "") => video(id, `/moments/${one}${rest}`);

export const api = {
  health: () => fetch(`${BASE}/health`, { headers: { Accept: "application/json" } }).then((answer) => answer.json()),
  options: () => get("/api/options"),
  statistics: (signal) => get("/api/statistics", { signal }),

  videos: (values, signal) => get(`/api/videos${query(values)}`, { signal }),
  video: (id) => get(video(id, "?include=same")),
  rename: (id, title) => get(video(id), { method: "PATCH", json: { title } }),
  removeVideo: (id) => remove(video(id)),
  bulkVideos: (asked) => post("/api/videos/bulk", asked),
  transcript: (id) => get(video(id, "/transcript")),
  storyboard: (id) => get(video(id, "/storyboard")),
  waveform: (id, points) => get(video(id, `/waveform${query({ points })}`)),
  boundaries: (id) => get(video(id, "/boundaries")),
  search: (q, signal) => get(`/api/search${query({ q, limit: 40 })}`, { signal }),
  demo: () => post("/api/demo"),

  moments: async (id) => (await get(video(id, "/moments?include=all"))).items,
  addMoment: (id, asked) => post(video(id, "/moments"), asked),
  /** Change a moment; with the version that was seen, only where nobody changed it since (412). */
  editMoment: async (id, one, asked, version) => {
    const headers = version === undefined ? {} : { "If-Match": String(version) };
    return get(moment(id, one), { method: "PATCH", json: asked, headers });
  },
  readMoment: (id, one) => get(moment(id, one)),
  /** Delete a moment, with what it was refined from: that would stand in its place. @param {RequestInit} [options] */
  removeMoment: (id, one, options) => remove(moment(id, one, "?parents=true"), options),
  restoreMoment: (id, one) => post(moment(id, one, "/restore")),
  revertMoment: (id, one, to) => post(moment(id, one, "/revert"), to === undefined ? undefined : { to }),
  refine: (id, one) => post(moment(id, one, "/refine")),
  extract: (id, asked) => post(video(id, "/extract-clips"), asked),
  exportUrl: (id, format) => `${BASE}${video(id, `/moments/export${query({ format })}`)}`,
  exportText: async (id, format) => (await send(video(id, `/moments/export${query({ format })}`), { headers: { Accept: "*/*" } })).text(),
  zipUrl: (id) => `${BASE}${video(id, "/clips.zip")}`,
  captionsUrl: (id) => `${BASE}${video(id, "/transcript?format=vtt")}`,

  inspect: (url) => post("/api/urls/inspect", { url }),
  generate: (asked, key) => post("/api/generate_moments", asked, { key }),
  start: (id, asked, key) => post(`/api/pipeline/${id}/start`, asked, { key }),

  runs: (values, signal) => get(`/api/runs${query(values)}`, { signal }),
  run: (id) => get(`/api/runs/${id}`),
  events: (id, after) => get(`/api/runs/${id}/events${query({ after, limit: 200 })}`),
  cancel: (id) => post(`/api/runs/${id}/cancel`),
  retry: (id) => post(`/api/runs/${id}/retry`),
  bulkRuns: (asked) => post("/api/runs/bulk", asked),

  jobs: (values, signal) => get(`${JOBS}/${query(values)}`, { signal }),
  job: (id) => get(`${JOBS}/${id}`),
  createJob: (asked, key) => post(`${JOBS}/`, asked, { key }),
  cancelJob: (id) => post(`${JOBS}/${id}/cancel`),
  retryJob: (id) => post(`${JOBS}/${id}/retry`),
  removeJob: (id) => remove(`${JOBS}/${id}`),
  bulkJobs: (asked) => post(`${JOBS}/bulk`, asked),
  jobStatistics: (signal) => get(`${JOBS}/statistics`, { signal }),
  jobQueue: (signal) => get(`${JOBS}/queue/status`, { signal }),
  clearJobs: () => get(`${JOBS}/queue/clear`, { method: "DELETE" }),

  backfills: (values) => get(`/api/backfills${query(values)}`),
  backfill: (id) => get(`/api/backfills/${id}`),
  createBackfill: (asked, key) => post("/api/backfills", asked, { key }),
  /** @param {"pause" | "resume" | "cancel" | "retry" | "promote" | "rollback"} action */
  changeBackfill: (id, action, asked) => post(`/api/backfills/${id}/${action}`, asked),
  removeBackfill: (id) => remove(`/api/backfills/${id}`),
  backfillItems: (id, values) => get(`/api/backfills/${id}/items${query(values)}`),

  ads: (values) => get(`/api/ads/jobs${query(values)}`),
  ad: (id) => get(`/api/ads/jobs/${id}`),
  adStyles: (signal) => get("/api/ads/styles", { signal }),
  estimateAd: (asked, picture) => post(`/api/ads/estimate?picture=${picture}`, asked),
  createAd: (asked, picture, key) => {
    if (!picture) return post("/api/ads/jobs", asked, { key });
    const form = new FormData();
    form.set("options", JSON.stringify(asked));
    form.set("product_image", picture);
    return get("/api/ads/jobs", { method: "POST", body: form, key });
  },
  cancelAd: (id) => post(`/api/ads/jobs/${id}/cancel`),
  retryAd: (id) => post(`/api/ads/jobs/${id}/retry`),
  removeAd: (id) => remove(`/api/ads/jobs/${id}`),
  adScript: (id) => get(`/api/ads/jobs/${id}/script`),
  editAdScript: (id, scripts) => get(`/api/ads/jobs/${id}/script`, { method: "PUT", json: { scripts } }),
  /** @param {{picture: boolean, voice: boolean}} what */
  regenerateScene: (id, scene, what) => post(`/api/ads/jobs/${id}/scenes/${scene}/regenerate`, what),

  /** A page of projects; its cursor is a place in the list. */
  projects: async ({ limit, cursor }) => {
    const answer = await send(`/api/projects${query({ limit, offset: cursor })}`);
    const [items, total] = [await answer.json(), Number(answer.headers.get("X-Total-Count"))];
    const next = (cursor ?? 0) + items.length;
    return { items, total, next_cursor: items.length && next < total ? next : null };
  },
  createProject: (video, title) => post("/api/projects", { video, ...(title ? { title } : {}) }),
  ingestUrl: (url, { template, seed }) => {
    const form = new FormData();
    form.set("url", url);
    form.set("template", template);
    form.set("seed", seed);
    form.set("wait", "0");
    return get("/api/ingest", { method: "POST", body: form });
  },
  removeProject: (id) => remove(`/api/projects/${id}`),
  timeline: (id) => get(timeline(id)),
  /** Save what is given of a timeline over the version that was seen; 409 or 412 where somebody else saved since. */
  saveTimeline: (id, changed, version) => get(timeline(id), { method: "POST", json: { timeline: changed }, headers: { "If-Match": `"${version}"` } }),
  analyzeProject: (id, asked) => post(timeline(id, "/analyze?wait=0"), asked),
  timelineVersions: (id) => get(timeline(id, "/versions")),
  revertTimeline: (id, version) => post(timeline(id, "/revert"), { version }),
  importTimeline: (id, file, format) => {
    const form = new FormData();
    form.set("file", file);
    return get(timeline(id, `/import${query({ format })}`), { method: "POST", body: form });
  },
  timelineUrl: (id, format) => `${BASE}${timeline(id, `/export${query({ format })}`)}`,
  filmFrame: async (id, at, signal) => (await send(timeline(id, `/preview${query({ at: at.toFixed(3) })}`), { headers: { Accept: "image/jpeg" }, signal })).blob(),
  effects: () => get("/api/effects"),
  sounds: async () => (await get("/api/sfx")).sfx,
  giveConsent: (asset, accepted) => post(`/api/consent/${asset}/checkbox`, { accepted }),
  uploadConsent: (asset, file) => {
    const form = new FormData();
    form.set("file", file);
    return get(`/api/consent/${asset}/upload`, { method: "POST", body: form });
  },
  render: (id, asked, key) => post(`/api/render/${id}`, asked, { key }),
  renderStatus: (job) => get(`/api/render/status/${job}`),
  cancelRender: (job) => post(`/api/render/${job}/cancel`),
  suggestEffects: async (transcript, beats) => (await post("/api/tools", { tool: "suggest_effects", args: { transcript, beats } })).result.suggestions,
  /** @param {"generate_video" | "edit_image"} tool */
  makeOfWords: (tool, asked, key) => post(`/api/tools/${tool}?wait=0`, asked, { key }),
  chats: async () => (await get("/api/chat/sessions")).sessions,
  chat: (id) => get(`/api/chat/sessions/${id}`),
  createChat: (asked) => post("/api/chat/sessions", asked),
  say: (id, message) => post(`/api/chat/sessions/${id}/messages`, { message }),

  models: async () => (await get("/api/admin/models")).items,
  changeModel: (key, fields) => get(`/api/admin/models/${key}`, { method: "PATCH", json: fields }),
  addModel: (key, fields) => get(`/api/admin/models/${key}`, { method: "PUT", json: fields }),
  resetModel: (key) => remove(`/api/admin/models/${key}`),
  probe: (key) => post(`/api/admin/models/${key}/probe`),
  workers: () => get("/api/admin/workers"),
  dead: (limit) => get(`/api/admin/dead${query({ limit })}`),
  retryDead: (id) => post(`/api/admin/dead/${id}/retry`),
  clearDead: () => remove("/api/admin/dead"),
  webhookSecret: () => get("/api/admin/webhook-secret"),

  session: () => fetch(`${BASE}/api/session`, { headers: { Accept: "application/json" } }),
  login: (key) => fetch(`${BASE}/api/session`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ key }) }),
  logout: () => remove("/api/session"),
};

/** Whether a failure only says that this server has no such route (yet). */
export const missing = (error) => error instanceof Problem && [404, 405].includes(error.status);
