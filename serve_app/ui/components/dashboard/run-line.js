// A run under way, in one line.
import { h } from "../../core/html.js";
import { percent, t } from "../../core/i18n.js";
import { href } from "../../core/router.js";
import { followed } from "../../services/follow.js";
import { pipelineTitle, stageTitle } from "../../services/stages.js";
import { subjectPath, subjectTitle } from "../../services/subjects.js";
import { progressBar, stageStrip } from "../common/progress.js";
import { statusBadge } from "../common/status-badge.js";
import { cancelButton, stagesOf } from "../pipelines/run-panel.js";

/** @param {any} first */
export function runLine(first) {
  const run = () => followed(first.identifier) ?? first;
  const stages = stagesOf(run);
  const current = () => stages()?.find((stage) => stage.status === "processing");
  return h("div.run-line",
    h("div.row", h("a.run-name.clip-text.grow", { href: href(subjectPath(first)), dir: "auto" }, () => subjectTitle(run())), h("a.number.small", { href: href(`/runs/${first.identifier}`) }, () => percent(run().progress)), cancelButton(run)),
    () => (stages() ? stageStrip(stages()) : progressBar(() => run().progress, t("Progress"))),
    h("div.row.small.quiet", () => statusBadge(run().status), h("span", pipelineTitle(first.pipeline)), h("span", () => (current() ? stageTitle(current().name) : ""))));
}
