// When each stage of a run began and how long it took; every failed try is a tick.
import { h } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { length } from "../../core/time.js";
import { finished, stageTitle, statusTitle } from "../../services/stages.js";

/** How a stage stands and how long it took; in a run that is over nothing waits any more. */
function told(stage, over) {
  if (stage.status === "completed" && stage.seconds) return length(stage.seconds);
  const status = over && stage.status === "pending" ? t("not started") : statusTitle(stage.status);
  return stage.seconds ? `${status} · ${length(stage.seconds)}` : status;
}

/** @param {any} run with its stages */
export function waterfall(run) {
  const begin = Date.parse(run.started_at ?? run.queued_at);
  const ends = run.stages.map((stage) => Date.parse(stage.completed_at ?? 0) || (stage.started_at ? Date.now() : 0));
  const last = Math.max(begin + 1000, Date.parse(run.completed_at ?? 0) || 0, ...ends);
  const share = (time) => (100 * (time - begin)) / (last - begin);
  return h("div.waterfall", { role: "list" }, run.stages.map((stage) => {
    const [from, to] = [stage.started_at ? Date.parse(stage.started_at) : null, stage.completed_at ? Date.parse(stage.completed_at) : last];
    const failed = stage.tries.filter((one) => one.status === "failed");
    const retries = stage.tries.length - 1;
    const nodes = [...new Set(stage.tries.map((one) => one.node).filter(Boolean))];
    return h("div.fall", { role: "listitem", title: [nodes.join(", "), ...failed.map((one) => `${one.error_code}: ${one.error}`)].filter(Boolean).join("\n") },
      h("span.clip-text", stageTitle(stage.name)),
      h("span.lane", from && h("span", { class: `is-${stage.status}`, style: { left: `min(${Math.max(0, share(from))}%, 100% - 3px)`, width: `${Math.max(0.4, share(to) - share(from))}%` } }),
        failed.map((one) => h("i", { style: { left: `min(${share(Date.parse(one.ended_at ?? one.started_at))}%, 100% - 2px)` } }))),
      h("span.amount.small.quiet.number", told(stage, finished(run.status)), retries > 0 && ` · ${plural(retries, "{n} retry", "{n} retries")}`));
  }));
}
