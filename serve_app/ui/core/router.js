// Addresses and pages: `/ui/videos/{id}` → the module of the page, which is imported when it is first wanted.
import { signal } from "./store.js";

const island = JSON.parse(document.getElementById("island").textContent);
export const version = island.version;
export const ROOT = `${island.base}/ui`;
/** Where the API is, without a slash at the end. */
export const BASE = island.base;
/** Whether media come from this origin; then a signed link is taken to be relative to it. */
export const OWN_STORE = island.store === null;

/** @type {[RegExp, string][]} */
const PAGES = [
  [/^\/$/, "dashboard"],
  [/^\/videos$/, "library"],
  [/^\/videos\/(?<id>[\w-]+)$/, "detail"],
  [/^\/new$/, "generate"],
  [/^\/runs$/, "pipelines"],
  [/^\/runs\/(?<id>[\w-]+)$/, "run"],
  [/^\/jobs$/, "jobs"],
  [/^\/jobs\/(?<id>[\w-]+)$/, "job"],
  [/^\/backfills$/, "backfills"],
  [/^\/backfills\/(?<id>[\w-]+)$/, "backfill"],
  [/^\/ads$/, "ads"],
  [/^\/ads\/new$/, "new-ad"],
  [/^\/ads\/(?<id>[\w-]+)$/, "ad"],
  [/^\/projects$/, "projects"],
  [/^\/projects\/(?<id>[\w-]+)$/, "project"],
  [/^\/made$/, "made"],
  [/^\/settings(?:\/(?<tab>[a-z-]+))?$/, "settings"],
  [/^\/login$/, "login"],
];

/** Where we are: the page's name, its parameters, and the query. */
export const place = signal(read());
let leaving = null;
const scrolls = new Map();
let here = history.state?.key ?? "0";

function read() {
  const path = decodeURI(location.pathname).slice(ROOT.length).replace(/(.)\/$/, "$1") || "/";
  const query = new URLSearchParams(location.search);
  for (const [pattern, page] of PAGES) {
    const match = pattern.exec(path);
    if (match) return { page, path, params: { ...match.groups }, query };
  }
  return { page: "not-found", path, params: {}, query };
}

/** The address of a path within the front end. */
export const href = (path) => `${ROOT}${path}`;

/** Go to a path; `replace` leaves no trace in the history. */
export function go(path, { replace = false } = {}) {
  if (leaving && !leaving()) return;
  leaving = null;
  if (!replace) {
    scrolls.set(here, scrollY);
    here = String(Date.now() + Math.random());
  }
  history[replace ? "replaceState" : "pushState"]({ key: here }, "", href(path));
  place.set(read());
}

/** Change the query of this page, without a new page. */
export function setQuery(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "" || value === undefined) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState({ key: here }, "", `${location.pathname}${text ? `?${text}` : ""}`);
}

/** Ask before this page is left: `ask` returns whether it may be. */
export function guard(ask) {
  leaving = ask;
}

/** The position to scroll to, where this page was left by going on and is come back to. */
export const scrollPosition = () => scrolls.get(here) ?? 0;

/** Follow links and the browser's Back. */
export function startRouter() {
  history.replaceState({ key: here }, "");
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => {
    scrolls.set(here, scrollY);
    here = event.state?.key ?? "0";
    place.set(read());
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    if (!(url.pathname === ROOT || url.pathname.startsWith(`${ROOT}/`)) || url.pathname.startsWith(`${ROOT}/a/`)) return;
    event.preventDefault();
    go(url.pathname.slice(ROOT.length) + url.search);
  });
}
