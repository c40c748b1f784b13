// Items of a run's fan-outs as its events tell them: a square for each, the failed ones first, and why they failed.
import { h } from "../../core/html.js";
import { number, plural, t } from "../../core/i18n.js";
import { stageTitle, statusTitle } from "../../services/stages.js";

const ORDER = ["failed", "skipped", "completed"];
const MOST_REASONS = 20;

/** @param {() => any[]} events */
export function items(events) {
  return () => {
    const all = ended(events());
    if (!all.length) return null;
    const failed = all.filter((one) => one.status === "failed");
    return h("section.panel.stack", h("h2", plural(all.length, "{n} item", "{n} items")),
      h("div.items", [...Map.groupBy(all, (one) => one.stage)].map(([stage, its]) => ofStage(stage, its))),
      failed.length > 0 && h("ul.run-list", failed.slice(0, MOST_REASONS).map((one) =>
        h("li", h("span", stageTitle(one.stage)), h("span.grow", { dir: "auto" }, one.error.message), h("code.small.quiet", one.error.code)))),
      failed.length > MOST_REASONS && h("p.small.quiet", t("and {n} more", { n: failed.length - MOST_REASONS })));
  };
}

/** The items of one stage in a row: what it does, their squares, and how many stand how. */
function ofStage(stage, its) {
  const counted = ORDER.map((status) => [status, its.filter((one) => one.status === status).length]).filter(([, count]) => count);
  return h("div", h("span.clip-text", stageTitle(stage)),
    h("ul", its.map((one) => h("li", { class: `is-${one.status}`, title: said(one) }, h("span.sr", said(one))))),
    h("span.small.quiet.number", counted.map(([status, count]) => `${number(count)} ${statusTitle(status)}`).join(", ")));
}

/** How each item ended last; one that is tried again ends again. */
function ended(events) {
  const found = new Map();
  for (const { type, data } of events) {
    const status = type.startsWith("item.") && type.slice("item.".length);
    if (status) found.set(`${data.stage} ${data.item}`, { stage: data.stage, item: data.item, status, error: data });
  }
  return [...found.values()].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
}

const said = ({ stage, item, status, error }) =>
  [stageTitle(stage), item, statusTitle(status), status === "failed" && error.message].filter(Boolean).join(" · ");
