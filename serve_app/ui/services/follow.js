// Runs as they go: one stream for the whole browser, held by one tab and told to the others.
import { BASE } from "../core/router.js";
import { effect, scope, signal, untracked } from "../core/store.js";
import { api, away, missing, returned } from "./api.js";
import { finished } from "./stages.js";

const POLL_SECONDS = 2;
const IDLE_SECONDS = 8;
const LEAST_MILLISECONDS = 300; // between two looks
const KEPT_ENDED = 50;
const UNDER_WAY = { active: true, include: ["stages"], limit: 100 };
/** Types of events: a stream names them, and one must ask for each by its name. */
const NEWS = [
  ...["queued", "claimed", "handed_back", "cancel_requested", "completed", "completed_with_errors", "failed", "cancelled"].map((name) => `run.${name}`),
  ...["started", "completed", "failed", "skipped"].map((name) => `stage.${name}`), "item.completed", "item.failed",
];

/** Runs by identifier: those that are under way, and those that ended since the page was opened. */
const runs = signal(new Map());
/** Whether news come as they happen ("live"), by asking again and again ("polling"), or not ("paused"). */
export const following = signal("paused");
/** Called with every event that comes: `(run identifier, event)`. */
const listeners = new Set();

export const allRuns = () => [...runs().values()];
export const activeRuns = () => allRuns().filter((run) => !finished(run.status)).sort((a, b) => (a.queued_at < b.queued_at ? 1 : -1));
/** The video that a run works on. */
export const videoOf = (run) => run.video?.identifier ?? run.subject;
/** The newest run that is known of a video. */
export const runOf = (video) => allRuns().filter((run) => videoOf(run) === video).sort((a, b) => (a.queued_at < b.queued_at ? 1 : -1))[0] ?? null;
export const followed = (id) => runs().get(id) ?? null;

/** Hear of events until the returned function is called. */
export function listen(hear) {
  listeners.add(hear);
  return () => listeners.delete(hear);
}

/** Have something done when a run begins, or when how it stands changes; its progress alone is no such thing. */
export function whenRunsChange(act, wanted = () => true) {
  let before = null;
  effect(() => {
    const now = allRuns().filter(wanted).map((run) => `${run.identifier}${run.status}`).sort().join();
    if (before !== null && now !== before) untracked(act);
    before = now;
  });
}

/** Resolves to a run as it is once it has ended. @param {any} run @returns {Promise<any>} */
export function whenEnded(run) {
  if (!followed(run.identifier)) know([run]);
  lookNow();
  return new Promise((resolve) => {
    const [, end] = scope(() => effect(() => {
      const now = runs().get(run.identifier);
      if (!now || finished(now.status)) queueMicrotask(() => { end(); resolve(now ?? run); });
    }));
  });
}

/** Take in runs that were read; a bar never goes back within an attempt. */
export function know(list) {
  const next = new Map(runs.peek());
  for (const run of list) {
    const before = next.get(run.identifier);
    const progress = before && before.attempt === run.attempt ? Math.max(before.progress, run.progress) : run.progress;
    next.set(run.identifier, { ...before, ...run, progress, heard: Date.now() });
  }
  const ended = [...next.values()].filter((run) => finished(run.status));
  for (const old of ended.slice(0, Math.max(0, ended.length - KEPT_ENDED))) next.delete(old.identifier);
  runs.set(next);
}

let wake = () => {};
/** Look at once: something was just started. */
export const lookNow = () => wake();

/** Begin; ends with the page. */
export function startFollowing() {
  const channel = new BroadcastChannel("moments.runs");
  channel.onmessage = ({ data }) => {
    if (data.runs) know(data.runs);
    if (data.event) for (const hear of listeners) hear(data.run, data.event);
    if (data.mode) following.set(data.mode);
    if (data.wake) wake();
  };
  const tell = (message) => {
    channel.onmessage({ data: message });
    channel.postMessage(message);
  };
  wake = () => channel.postMessage({ wake: true });
  const lead = () => new Promise(() => { new Leader(tell).start(); });
  if (navigator.locks) navigator.locks.request("moments.runs", lead);
  else lead();
  api.runs(UNDER_WAY).then((page) => know(page.items), () => {});
}

/** The tab that asks. */
class Leader {
  constructor(tell) {
    this.tell = tell;
    this.failures = 0;
    this.cursor = null;
    this.timer = 0;
    this.soon = 0;
    this.looked = 0;
    this.source = null;
  }

  start() {
    wake = () => this.poll();
    effect(() => {
      returned();
      if (!away.peek()) this.open();
    });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && !this.source) this.poll(); });
  }

  /** Open the stream of all runs; while it cannot be had, runs are asked for again and again. */
  async open() {
    this.source?.close();
    this.source = null;
    await this.poll();
    const source = (this.source = new EventSource(`${BASE}/api/events${this.cursor ? `?after=${this.cursor}` : ""}`));
    source.onopen = () => { this.failures = 0; this.tell({ mode: "live" }); };
    source.addEventListener("position", (message) => { this.cursor = message.lastEventId; });
    source.addEventListener("progress", () => this.pollSoon());
    for (const type of NEWS) source.addEventListener(type, (message) => this.heard(message));
    source.onerror = () => {
      this.failures += 1;
      this.pollSoon(); // which finds out whether the server is away
      if (this.failures < 3 && source.readyState !== EventSource.CLOSED) return;
      source.close();
      this.source = null;
      this.tell({ mode: "polling" });
      this.poll();
      setTimeout(() => this.open(), Math.min(30, 2 ** this.failures) * 1000 * (0.8 + Math.random() * 0.4));
    };
  }

  heard(message) {
    this.cursor = message.lastEventId;
    const event = JSON.parse(message.data);
    this.tell({ run: event.run, event });
    this.pollSoon();
  }

  /** Look at once, or a little later where one just looked; once for all that comes until then. */
  pollSoon() {
    this.soon ||= setTimeout(() => this.poll(), Math.max(0, this.looked + LEAST_MILLISECONDS - performance.now()));
  }

  /** Ask for what is under way, and for how what was under way has ended. */
  async poll() {
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    this.soon = 0;
    this.looked = performance.now();
    if (away.peek()) return;
    let active = [];
    try {
      active = (await api.runs(UNDER_WAY)).items;
      const here = new Set(active.map((run) => run.identifier));
      const gone = activeRuns().filter((run) => !here.has(run.identifier));
      const ended = await Promise.all(gone.map((run) => api.run(run.identifier).catch((error) => (missing(error) ? { ...run, status: "cancelled" } : run))));
      if (active.length || ended.length) this.tell({ runs: [...active, ...ended] });
      if (!this.source) this.tell({ mode: "polling" });
    } catch {
      this.tell({ mode: "paused" });
    }
    const seconds = this.source ? 30 : active.length ? POLL_SECONDS : IDLE_SECONDS;
    this.timer = setTimeout(() => this.poll(), document.hidden ? seconds * 4000 : seconds * 1000);
  }
}
