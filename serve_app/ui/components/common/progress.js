// How far something is, 0 to 1; bars move only forward.
import { h } from "../../core/html.js";
import { percent } from "../../core/i18n.js";
import { stageTitle, statusTitle } from "../../services/stages.js";

/** @param {() => number} share @param {string} label */
export function progressBar(share, label) {
  let furthest = 0;
  const now = () => (furthest = share() ? Math.max(furthest, Math.min(1, share())) : 0);
  return h("div.progress", {
    role: "progressbar", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100",
    "aria-valuenow": () => String(Math.floor(now() * 100)), "aria-valuetext": () => percent(now()),
  }, h("div", { style: () => ({ transform: `scaleX(${now()})` }) }));
}

/** The stages of a run as a strip of cells: colour, shape and words. */
export function stageStrip(stages) {
  return h("ol.strip", stages.map((stage) => {
    const words = `${stageTitle(stage.name)}: ${statusTitle(stage.status)}`;
    return h("li", { class: `is-${stage.status}`, title: words }, h("span.sr", words),
      stage.status === "processing" && h("span.part", { style: { width: `${Math.round(100 * (stage.progress ?? 0))}%` } }));
  }));
}
