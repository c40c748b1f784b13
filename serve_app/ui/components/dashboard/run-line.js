// A run under way, in one line.
import { h } from "../../core/html.js";
import { percent, t } from "../../core/i18n.js";
import { href } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { followed } from "../../services/follow.js";
import { pipelineTitle, stageTitle } from "../../services/stages.js";
import { progressBar, stageStrip } from "../common/progress.js";
import { statusBadge } from "../common/status-badge.js";
import { cancelButton, stagesOf } from "../pipelines/run-panel.js";

const titles = new Map();

/** What a run is about, by name. */
export function videoTitle(run) {
  if (run.video?.title) return run.video.title;
  if (!titles.has(run.subject)) {
    const title = signal(run.subject.slice(0, 8));
    titles.set(run.subject, title);
    api.video(run.subject).then((video) => title.set(video.title || t("Untitled video")), () => {});
  }
  return titles.get(run.subject)();
}

/** @param {any} first */
export function runLine(first) {
  const run = () => followed(first.identifier) ?? first;
  const stages = stagesOf(run);
  const current = () => stages()?.find((stage) => stage.status === "processing");
  return h("div.run-line",
    h("div.row", h("a.run-name.clip-text.grow", { href: href(`/videos/${first.subject}`), dir: "auto" }, () => videoTitle(run())), h("a.number.small", { href: href(`/runs/${first.identifier}`) }, () => percent(run().progress)), cancelButton(run)),
    () => (stages() ? stageStrip(stages()) : progressBar(() => run().progress, t("Progress"))),
    h("div.row.small.quiet", () => statusBadge(run().status), h("span", pipelineTitle(first.pipeline)), h("span", () => (current() ? stageTitle(current().name) : ""))));
}
