// Uploads in parts after tus 1.0: what broke off goes on, even after the page was loaded again.
import { BASE } from "../core/router.js";
import { signal } from "../core/store.js";
import { Problem, away, newKey, send } from "./api.js";
import { lookNow } from "./follow.js";

const TUS = { "Tus-Resumable": "1.0.0" };
const PART = 4 * 1024 * 1024; // larger ones are taken, but the server holds each part whole
const AT_ONCE = 2;
const TRIES = 6;
/** Answers after which it is asked how much is there, and gone on. */
const GOES_ON = [409, 460, 502, 503];
const KEPT = "moments.uploads";
const LARGEST_NAME = 900;

/** @typedef {{id: string, file: File, state: any, sent: any, speed: any, error: any, video: any}} Task */

/** What is uploaded, has been or waits. */
export const uploads = signal([]);

const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "{}");
const keep = (change) => {
  const all = kept();
  change(all);
  localStorage.setItem(KEPT, JSON.stringify(all));
};

/** What tells a file from others: its name, size, time, and a digest of its first bytes. */
async function fingerprint(file) {
  const head = await file.slice(0, 1024 * 1024).arrayBuffer();
  const digest = crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", head)) : new Uint8Array(head).slice(0, 64);
  return [file.name, file.size, file.lastModified, [...digest.slice(0, 12)].map((byte) => byte.toString(16).padStart(2, "0")).join("")].join("/");
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * @param {File[]} files @param {object} [options] of the run that finds moments
 * @param {(outcome: any) => Promise<string | null>} [then] in place of that run: what is done with a video that is here;
 *   gives the path of the page that shows it
 */
export function upload(files, options, then) {
  const tasks = files.map((file) => new Upload(file, options, then));
  uploads.update((all) => [...all, ...tasks]);
  next();
}

function next() {
  const all = uploads.peek();
  const running = all.filter((task) => task.state.peek() === "sending").length;
  for (const task of all.filter((one) => one.state.peek() === "waiting").slice(0, Math.max(0, AT_ONCE - running))) task.start().finally(next);
}

/** Whether leaving the page would break something off. */
const uploading = () => uploads.peek().some((task) => ["sending", "waiting"].includes(task.state.peek()));

class Upload {
  constructor(file, options, then) {
    Object.assign(this, { file, options, then, key: newKey(), address: null, controller: null });
    this.state = signal("waiting");
    this.sent = signal(0);
    this.speed = signal(0);
    this.error = signal(null);
    this.outcome = signal(null);
    if (!file.size) this.fail({ message: "The file is empty." });
  }

  fail(error) {
    this.error.set(error);
    this.state.set("failed");
  }

  async start() {
    this.state.set("sending");
    this.error.set(null);
    this.controller = new AbortController();
    try {
      this.mark ??= await fingerprint(this.file);
      await this.begin();
      await this.sendParts();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.fail(error);
    }
  }

  /** Find where it broke off, or begin. */
  async begin() {
    const before = this.address ?? kept()[this.mark];
    if (before) {
      try {
        const answer = await send(before, { method: "HEAD", headers: TUS });
        this.address = before;
        this.sent.set(Number(answer.headers.get("Upload-Offset")));
        return;
      } catch (error) {
        if (error.status !== 404) throw error;
        keep((all) => delete all[this.mark]);
      }
    }
    const metadata = [`filename ${base64(this.file.name.slice(0, LARGEST_NAME))}`, `process ${base64(String(!this.then))}`];
    if (this.options) metadata.push(`options ${base64(JSON.stringify(this.options))}`);
    const answer = await send("/api/uploads", { method: "POST", key: this.key, headers: { ...TUS, "Upload-Length": String(this.file.size), "Upload-Metadata": metadata.join(",") } });
    this.address = new URL(answer.headers.get("Location"), location.href).pathname.slice(BASE.length);
    keep((all) => (all[this.mark] = this.address));
    this.sent.set(0);
  }

  async sendParts() {
    let [failures, broken] = [0, false];
    while (true) {
      try {
        if (broken && !away.peek()) await this.begin();
        broken = false;
        const done = await this.part(this.sent.peek());
        failures = 0;
        if (done) return this.finish(done);
      } catch (error) {
        const final = error instanceof Problem && error.status && !error.retryable && !GOES_ON.includes(error.status);
        failures = away.peek() ? 1 : failures + 1; // a server that is away is waited for
        if (error.name === "AbortError" || final || failures > TRIES) throw error;
        broken = true;
        await new Promise((resolve) => setTimeout(resolve, Math.min(30, 2 ** failures) * 1000 * (0.7 + Math.random() * 0.6)));
      }
    }
  }

  /** Send one part by XHR, which tells how far it is; returns the answer of the last one. */
  part(offset) {
    const blob = this.file.slice(offset, offset + PART);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const began = performance.now();
      this.controller.signal.addEventListener("abort", () => request.abort(), { once: true });
      request.open("PATCH", BASE + this.address);
      for (const [name, value] of Object.entries({ ...TUS, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream", Accept: "application/json" })) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => {
        this.sent.set(offset + event.loaded);
        const now = event.loaded / Math.max(0.05, (performance.now() - began) / 1000);
        this.speed.set(this.speed.peek() ? this.speed.peek() * 0.7 + now * 0.3 : now);
      };
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      request.onerror = () => { this.sent.set(offset); reject(new Problem(0, { detail: "The line broke.", code: "offline", retryable: true })); };
      request.onload = () => {
        const body = request.responseText ? JSON.parse(request.responseText) : {};
        if (request.status >= 300) {
          this.sent.set(offset);
          return reject(new Problem(request.status, body));
        }
        this.sent.set(Number(request.getResponseHeader("Upload-Offset") ?? offset + blob.size));
        resolve(this.sent.peek() >= this.file.size ? body : null);
      };
      request.send(blob);
    });
  }

  async finish(answer) {
    keep((all) => delete all[this.mark]);
    if (answer.video) this.outcome.set({ ...answer, page: (await this.then?.(answer)) ?? `/videos/${answer.video.identifier}` });
    this.state.set("done");
    lookNow();
  }

  pause() {
    this.controller?.abort();
    this.state.set("paused");
    next();
  }

  resume() {
    this.state.set("waiting");
    next();
  }

  cancel() {
    this.controller?.abort();
    if (this.address) send(this.address, { method: "DELETE", headers: TUS }).catch(() => {});
    keep((all) => delete all[this.mark]);
    uploads.update((all) => all.filter((one) => one !== this));
    next();
  }

  dismiss() {
    uploads.update((all) => all.filter((one) => one !== this));
  }
}

addEventListener("beforeunload", (event) => { if (uploading()) event.preventDefault(); });
