// A film or a picture from text: it, what was asked for, who made it, and what can be done with it.
import { h } from "../../core/html.js";
import { ago, number, percent, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal, untracked } from "../../core/store.js";
import { api } from "../../services/api.js";
import { followed, lookNow } from "../../services/follow.js";
import { link } from "../../services/links.js";
import { may } from "../../services/session.js";
import { finished } from "../../services/stages.js";
import { progressBar } from "../common/progress.js";
import { statusBadge } from "../common/status-badge.js";
import { tried } from "../common/toast.js";
import { take } from "../layout/drop.js";
import { projectOf } from "./new-project.js";

/** Where what a run made is; null where it made nothing. @param {any} run */
export const madeAt = (run) => (run.result?.output ? `/media/final/${run.result.output}` : null);
export const isFilm = (run) => run.pipeline === "editor.make_video";
export const wordsOf = (run) => run.options.prompt ?? run.result?.output ?? "";

/** @param {() => any} run @param {{again: (run: any) => void, onward: (path: string, kind: string) => void}} then */
export function madeCard(run, then) {
  const live = () => followed(run().identifier) ?? run();
  // What is seen is built anew by these two alone: a film goes on playing while others are made.
  const [status, at] = [signal(""), signal(null)];
  effect(() => { const now = live(); status.set(now.status); at.set(now.status === "completed" ? madeAt(now) : null); });
  const made = () => untracked(live);
  const stop = () => tried(async () => { await api.cancel(run.peek().identifier); lookNow(); });
  const write = (label, name, act) => h("button.quiet", { disabled: () => !may("write"), onclick: act }, icon(name), label);
  const done = () => [
    h("p.small.quiet", facts(made())),
    h("div.row", save(made()), isFilm(made())
      ? write(t("Edit it as a project"), "cut", () => tried(() => asProject(made())))
      : [write(t("Change it"), "edit", () => then.onward(at.peek(), "picture")), write(t("Turn into a film"), "film", () => then.onward(at.peek(), "film"))])];
  const going = () => h("div.row", h("span.number.small.grow", () => percent(live().progress)), h("button.quiet", { disabled: () => !may("write"), onclick: stop }, icon("close"), t("Stop")));
  const ended = () => [
    live().error && h("p.bad.small", { dir: "auto" }, live().error.message, " ", h("code", live().error.code)),
    h("div.row", write(t("Ask again"), "retry", () => then.again(run.peek())))];
  return h("article.panel.made", { "aria-label": () => wordsOf(run()) },
    h("div.made-picture", () => (at() ? shownFile(made()) : h("div.poster-empty", icon("film")))),
    () => !finished(status()) && progressBar(() => live().progress, t("Progress")),
    h("div.row.small.quiet", () => status() !== "completed" && statusBadge(status()), h("span", () => ago(run().queued_at))),
    h("p.made-words", { dir: "auto" }, () => wordsOf(run())),
    () => (at() ? done() : finished(status()) ? ended() : going()));
}

/** Who made it, what that cost, and what was done. */
function facts({ result }) {
  const by = result.backend === "embedded" ? t("Made without a model") : t("Made by {who}", { who: result.backend });
  const cost = result.cost_usd === null ? t("cost unknown") : result.cost_usd > 0 && `$${number(result.cost_usd, 4)}`;
  return [by, cost, result.applied?.map((one) => one.replaceAll("_", " ")).join(", ")].filter(Boolean).join(" · ");
}

function shownFile(run) {
  const name = wordsOf(run);
  const element = isFilm(run) ? h("video", { controls: true, playsinline: true, preload: "metadata", "aria-label": name }) : h("img", { alt: name, loading: "lazy" });
  link(madeAt(run)).then((found) => { if (found) element.src = found.url; }, () => {});
  return element;
}

function save(run) {
  const element = h("a.button", { download: run.result.output }, icon("download"), t("Download"));
  link(madeAt(run)).then((found) => { if (found) element.href = found.url; }, () => {});
  return element;
}

/** Put a film into the library, and edit it there: nothing is said in it, so that nothing is taken out. */
async function asProject(run) {
  const found = await link(madeAt(run));
  const bytes = await (await fetch(found.url)).blob();
  await take([new File([bytes], run.result.output, { type: "video/mp4" })], undefined, ({ video }) => projectOf(video.identifier, { template: "clean", seed: 0 }));
}
