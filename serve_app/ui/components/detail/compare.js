// A moment beside what it was: how its edges moved, why, and the way back to any step.
import { h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { clock } from "../../core/time.js";

const STEPS = {
  propose: () => t("proposed"), snap: () => t("snapped"), refine: () => t("refined"), edit: () => t("edited by hand"), select: () => t("chosen"), frame: () => t("on the frame"),
};

/** @param {import("./model.js").Model} model @param {any} moment */
export function comparison(model, moment) {
  const parent = model.parent(moment);
  const trail = moment.provenance;
  const before = parent ?? (trail.length > 1 ? { start_time: trail[0].start_time, end_time: trail[0].end_time } : null);
  return h("div.comparison",
    before ? versus(model, moment, before, parent ? t("Generated") : t("Originally")) : h("p.small.quiet", t("It is as it was found; there is nothing to compare it with.")),
    h("ol.trail", trail.map((step, at) => {
      const now = Math.abs(step.start_time - moment.start_time) < 0.001 && Math.abs(step.end_time - moment.end_time) < 0.001;
      return h("li", { class: now ? "now" : "" },
        h("div.row", h("strong.small", STEPS[step.step]?.() ?? step.step), h("span.small.number.quiet", `${clock(step.start_time, true)} – ${clock(step.end_time, true)}`), h("span.grow"),
          !now && h("button.quiet.small", { onclick: () => model.edit(moment, { start_time: step.start_time, end_time: step.end_time }, t("the step back")), "aria-label": t("Back to step {n}", { n: at + 1 }) }, icon("undo"), t("Back to here"))),
        step.reason && h("p.small.quiet", { dir: "auto" }, step.reason));
    })),
    h("div.actions",
      trail.some((step) => step.step === "edit") && h("button", { onclick: () => model.revert(moment) }, icon("undo"), t("To before my edits")),
      parent && h("button", { onclick: () => model.toGenerated(moment) }, icon("undo"), t("To the generated one"))));
}

function versus(model, moment, before, name) {
  const [from, to] = [Math.min(moment.start_time, before.start_time), Math.max(moment.end_time, before.end_time)];
  const bar = (one) => h("span.bar", { style: { left: `${(100 * (one.start_time - from)) / (to - from)}%`, width: `${(100 * (one.end_time - one.start_time)) / (to - from)}%` } });
  const line = (label, one, look) => h("div.versus-line", { class: look },
    h("button.quiet", { onclick: () => model.player.playRange(one.start_time, one.end_time), "aria-label": t("Play: {what}", { what: label }) }, icon("play"), label),
    h("span.track", bar(one)), h("span.small.number.quiet", clock(one.end_time - one.start_time, true)));
  const moved = (value) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${number(Math.abs(value), 2)} s`;
  return h("div.versus", line(name, before, "was"), line(t("Now"), moment, "is"),
    h("p.small.quiet.number", t("Start {start}, end {end}.", { start: moved(moment.start_time - before.start_time), end: moved(moment.end_time - before.end_time) }), h("span.for-keys", " ", t("Press C to hear one, then the other."))));
}

/** Hear the present moment and what it was, by turns. */
let other = false;
export function hearOther(model, moment) {
  const parent = model.parent(moment);
  const before = parent ?? moment.provenance[0];
  other = !other;
  const one = other && before ? before : moment;
  model.player.playRange(one.start_time, one.end_time);
}
