// Addresses as they are typed: checked at once, and shown with what came of them.
import { h } from "../../core/html.js";
import { bytes, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { api } from "../../services/api.js";

export const MOST_LINES = 100;
const SETTLE = 400;

/** What the lines of a text are: `{url, state, why, outcome}`. @param {() => string} text */
export function addressLines(text) {
  const known = new Map();
  const lines = signal([]);
  let timer = 0;
  effect(() => {
    const seen = new Set();
    const found = text().split(/\s+/).filter(Boolean).slice(0, MOST_LINES).map((word) => {
      if (!known.has(word)) known.set(word, { url: word, ...check(word), seen: signal(null), outcome: signal(null) });
      const line = known.get(word);
      const double = seen.has(word);
      seen.add(word);
      return double ? { ...line, state: "double", why: t("This URL is in the list already.") } : line;
    });
    lines.set(found);
    clearTimeout(timer);
    timer = setTimeout(() => found.filter((line) => line.state === "good" && !line.seen.peek()).forEach(inspect), SETTLE);
  });
  onEnd(() => clearTimeout(timer));
  return lines;
}

/** What the server knows of an address, asked once it is typed: the video that it is already, or why it is not fetched. */
async function inspect(line) {
  line.seen.set({});
  try {
    line.seen.set(await api.inspect(line.url));
  } catch (error) {
    line.seen.set({ error });
  }
}

function check(word) {
  let url;
  try {
    url = new URL(word);
  } catch {
    return { state: "bad", why: t("This is not a URL: it begins with https:// or http://.") };
  }
  if (!/^https?:$/.test(url.protocol)) return { state: "bad", why: t("Only https:// and http:// are fetched.") };
  if (url.username || url.password) return { state: "bad", why: t("URLs with a name and a password in them are refused.") };
  return { state: "good", why: "" };
}

/** @param {() => any[]} lines */
export function lineList(lines) {
  return () => lines().length > 0 && h("ul.url-lines", { "aria-label": t("URLs") }, lines().map(line));
}

function line(one) {
  const problem = () => one.outcome()?.error ?? one.seen()?.error ?? null;
  const bad = () => one.state === "bad" || Boolean(problem());
  const video = () => one.outcome()?.video ?? one.seen()?.video ?? null;
  const title = () => video()?.title ?? one.seen()?.title ?? null;
  const said = () => {
    if (one.why) return one.why;
    if (problem()) return problem().message;
    if (one.outcome()?.busy) return t("Starting…");
    if (one.outcome()?.done) return one.outcome().reused ? t("In the library already; nothing was started") : t("Started");
    if (one.seen()?.video) return [t("In the library already"), one.seen().video.duration && clock(one.seen().video.duration)].filter(Boolean).join(" · ");
    return one.seen()?.bytes ? bytes(one.seen().bytes) : "";
  };
  return h("li.url-line", { class: () => (bad() ? "is-bad" : one.outcome()?.done ? "is-good" : "") },
    () => icon(bad() ? "warning" : one.outcome()?.done ? "check" : "link"),
    h("div.grow", h("div.clip-text", { dir: "auto" }, () => title() ?? one.url), h("div.small.quiet.clip-text", { dir: "auto" }, () => [title() && one.url, said()].filter(Boolean).join(" · "))),
    () => video() && h("a.small", { href: href(`/videos/${video().identifier}`) }, t("Open")));
}
