// When each stage of a run began and how long it took; every failed try is a tick.
import { h } from "../../core/html.js";
import { plural } from "../../core/i18n.js";
import { length } from "../../core/time.js";
import { stageTitle, statusTitle } from "../../services/stages.js";

/** @param {any} run with its stages */
export function waterfall(run) {
  const begin = Date.parse(run.started_at ?? run.queued_at);
  const ends = run.stages.map((stage) => Date.parse(stage.completed_at ?? 0) || (stage.started_at ? Date.now() : 0));
  const last = Math.max(begin + 1000, Date.parse(run.completed_at ?? 0) || 0, ...ends);
  const share = (time) => (100 * (time - begin)) / (last - begin);
  return h("div.waterfall", { role: "list" }, run.stages.map((stage) => {
    const [from, to] = [stage.started_at ? Date.parse(stage.started_at) : null, stage.completed_at ? Date.parse(stage.completed_at) : last];
    const failed = stage.tries.filter((one) => one.status === "failed");
    const nodes = [...new Set(stage.tries.map((one) => one.node).filter(Boolean))];
    return h("div.fall", { role: "listitem", title: [nodes.join(", "), ...failed.map((one) => `${one.error_code}: ${one.error}`)].filter(Boolean).join("\n") },
      h("span.clip-text", stageTitle(stage.name)),
      h("span.lane", from && h("span", { class: `is-${stage.status}`, style: { left: `${Math.max(0, share(from))}%`, width: `${Math.max(0.4, share(to) - share(from))}%` } }),
        failed.map((one) => h("i", { style: { left: `${share(Date.parse(one.ended_at ?? one.started_at))}%` } }))),
      h("span.amount.small.quiet.number", stage.seconds ? length(stage.seconds) : statusTitle(stage.status), failed.length > 0 && ` · ${plural(failed.length, "{n} retry", "{n} retries")}`));
  }));
}
