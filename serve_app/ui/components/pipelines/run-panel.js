// A run under way: its stages, how far each is, and how to stop it.
import { announce } from "../../core/a11y.js";
import { h } from "../../core/html.js";
import { percent, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { length } from "../../core/time.js";
import { api } from "../../services/api.js";
import { followed, lookNow } from "../../services/follow.js";
import { pipelineTitle, stageTitle, statusTitle } from "../../services/stages.js";
import { confirm } from "../common/dialog.js";
import { progressBar } from "../common/progress.js";
import { statusBadge } from "../common/status-badge.js";
import { toast, tried } from "../common/toast.js";

const SILENT_SECONDS = 60;
const COSTLY_SECONDS = 60;

/** The stages of a run under way, as they are followed; null until they are known. @param {() => any} run */
export const stagesOf = (run) => () => followed(run().identifier)?.stages ?? null;

/** @param {() => any} run @param {{small?: boolean}} [look] */
export function runPanel(run, { small = false } = {}) {
  const first = run();
  const stages = stagesOf(() => run() ?? first);
  const now = signal(Date.now());
  const clock = setInterval(() => now.set(Date.now()), 1000);
  onEnd(() => clearInterval(clock));
  const shown = () => run() ?? first;
  let told = "";
  effect(() => {
    const current = stages()?.find((stage) => stage.status === "processing")?.name;
    if (current && current !== told) announce(stageTitle((told = current)));
  });
  const silent = () => shown().status === "processing" && now() - (shown().heard ?? now()) > SILENT_SECONDS * 1000;
  return h("section.panel.run-panel", { "aria-label": t("Under way") },
    h("div.row", h("a.run-name", { href: href(`/runs/${first.identifier}`) }, pipelineTitle(first.pipeline)), () => statusBadge(shown().status), h("span.grow"),
      h("span.number.quiet", () => percent(shown().progress)), cancelButton(shown)),
    progressBar(() => shown().progress, t("Progress of the run")),
    () => silent() && h("p.small.warn", t("No sign of life for {time}.", { time: length((now() - shown().heard) / 1000) })),
    !small && (() => stages() && h("ol.stage-list", stages().map((stage) => h("li", { class: `is-${stage.status}` },
      h("span.stage-mark", stage.status === "completed" ? icon("check") : stage.status === "failed" ? icon("close") : null), h("span.grow", stageTitle(stage.name)),
      h("span.small.quiet.number", stage.status === "processing" ? percent(stage.progress) : stage.seconds ? length(stage.seconds) : statusTitle(stage.status)))))));
}

/** Stops a run; asks first where more than a minute of work would be lost. @param {() => any} run */
export function cancelButton(run) {
  return h("button.quiet", { disabled: () => Boolean(run().cancel_requested_at), onclick: async () => {
    const spent = run().started_at ? (Date.now() - Date.parse(run().started_at)) / 1000 : 0;
    if (spent > COSTLY_SECONDS && !(await confirm({ title: t("Stop this run?"), text: t("It has run for {time}. What is done is kept, and a new start goes on from there.", { time: length(spent) }), action: t("Stop it") }))) return;
    await tried(async () => {
      await api.cancel(run().identifier);
      toast(t("Stopping"));
      lookNow();
    });
  } }, icon("close"), () => (run().cancel_requested_at ? t("Stopping…") : t("Stop")));
}
