// The time line: the whole as a strip, a part of it as large as is wanted, moments as blocks with edges to drag.
import { each, h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { effect, signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { dragEdge, dragNew, moveEdge } from "./edges.js";
import { drawGround } from "./ground.js";
import { buildOverview } from "./overview.js";
import { buildScale, scrub } from "./scale.js";

const LEAST_SPAN = 10;
const NUMBER_PIXELS = 18;
const TITLE_PIXELS = 90;
const TARGET_PIXELS = 24;
const HANDLES_PIXELS = 28; // of both, within a block

/** @param {import("./model.js").Model} model */
export function buildTimeline(model) {
  const whole = () => model.player.duration() || model.video().duration || 1;
  const canvas = h("canvas", { "aria-hidden": "true" });
  const blocks = h("div.blocks");
  const ghost = h("div.ghost", { hidden: true });
  const readout = h("div.drag-label", { hidden: true, role: "status" });
  const strip = h("div.strip-detail", canvas, blocks, ghost);
  const scale = buildScale(strip, { whole, now: model.time, playing: model.player.playing, held: () => Boolean(model.draft.peek()), least: LEAST_SPAN });
  const { view, width } = scale;
  strip.append(scale.playhead, readout, scale.ruler);
  const place = (time) => (time - view.peek().from) / (view.peek().to - view.peek().from);
  const context = { model, view, width, strip, ghost, readout, whole, place, secondsPerPixel: () => scale.secondsPerPixel(), timeAt: scale.timeAt };
  const zoomTo = (one) => {
    const length = one.end_time - one.start_time;
    scale.put(one.start_time - length * 0.6, length * 2.2);
  };

  strip.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest(".block")) return;
    if (event.target.closest(".ruler") || event.pointerType === "touch") scrub(event, strip, (clientX) => model.player.seek(scale.timeAt(clientX), { drag: true }));
    else dragNew(context, event);
  });
  blocks.append(h("div", each(() => placed(model.moments() ?? [], whole()), (one) => one.moment.identifier, (item) => block(context, item, scale.x))));
  effect(() => drawGround(canvas, { parts: [{ view: view(), left: 0, width: width() }], width: width(), waveform: model.waveform(), transcript: model.transcript() }));

  const marks = () => (model.moments() ?? []).map((one) => ({ tone: model.tone(one), start: one.start_time, end: one.end_time }));
  const element = h("section.timeline", { "aria-label": t("Timeline") }, buildOverview(scale, { video: model.id, now: model.time, seek: model.player.seek, marks }), strip,
    h("div.timeline-tools.row.small", h("span.quiet.grow.clip-text", t("Drag an edge to change a moment, drag on empty ground for a new one. Alt: free, Shift: fine.")), scale.tools(t("Whole video"))));
  return { element, zoom: scale.zoom, zoomTo, whole: scale.all, view };
}

/** Moments with the row that each is in: those that overlap stand one under another. */
function placed(moments) {
  const ends = [];
  return moments.map((moment) => {
    let row = ends.findIndex((end) => end <= moment.start_time + 0.01);
    if (row < 0) row = ends.length < 3 ? ends.length : ends.indexOf(Math.min(...ends));
    ends[row] = moment.end_time;
    return { moment, row };
  });
}

function block(context, item, x) {
  const { model } = context;
  const moment = () => item().moment;
  // Where it is dragged to. Others of a hundred blocks look once a move, and nothing of theirs is set again.
  const draft = signal(null);
  effect(() => { const now = model.draft(); draft.set(now?.id === moment().identifier ? now : null); });
  const edges = () => draft() ?? { start: moment().start_time, end: moment().end_time };
  const pixels = () => x(edges().end) - x(edges().start);
  const chosen = () => model.chosen() === moment().identifier;
  const generated = () => (model.comparing() === moment().identifier ? model.parent(moment()) : null);
  const handle = (end) => h(`span.handle.${end}`, {
    role: "slider", tabindex: () => (chosen() ? "0" : "-1"), "aria-label": () => (end === "start" ? t("Start of {title}", { title: moment().title }) : t("End of {title}", { title: moment().title })),
    "aria-valuemin": "0", "aria-valuemax": () => String(Math.round(context.whole())), "aria-valuenow": () => edges()[end].toFixed(2), "aria-valuetext": () => clock(edges()[end], true),
    onpointerdown: (event) => dragEdge(context, event, moment(), end), onkeydown: (event) => moveEdge(context, event, moment(), end),
  });
  return h("div.block", {
    class: () => `tone${model.tone(moment())} ${chosen() ? "chosen" : ""} row${item().row} ${draft() ? "dragged" : ""}`,
    style: () => ({ transform: `translateX(${x(edges().start)}px)`, width: `${Math.max(4, pixels())}px` }),
  },
    // What is too small to be hit is passed over by Tab: [ and ] and the list of moments lead there, too.
    h("button.face", { tabindex: () => (pixels() - (chosen() ? HANDLES_PIXELS : 0) < TARGET_PIXELS ? "-1" : null), "aria-label": () => `${model.number(moment())}. ${moment().title}, ${clock(edges().start)} – ${clock(edges().end)}`, "aria-pressed": () => String(chosen()),
      title: () => moment().title, onclick: () => model.choose(moment().identifier, { seek: true }), ondblclick: () => model.player.playRange(moment().start_time, moment().end_time) },
      () => pixels() >= NUMBER_PIXELS && h("b", model.number(moment())), () => pixels() >= TITLE_PIXELS && h("span", { dir: "auto" }, moment().title)),
    () => generated() && h("span.was", { title: t("As it was generated"), style: { left: `${x(generated().start_time) - x(edges().start)}px`, width: `${x(generated().end_time) - x(generated().start_time)}px` } }),
    handle("start"), handle("end"));
}
