// The time line: the whole as a strip, a part of it as large as is wanted, moments as blocks with edges to drag.
import { each, h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { clock, tickStep } from "../../core/time.js";
import { smallPicture } from "../common/storyboard.js";
import { dragEdge, dragNew } from "./edges.js";
import { drawGround } from "./ground.js";

const LEAST_SPAN = 10;
const NUMBER_PIXELS = 18;
const TITLE_PIXELS = 90;
const TICKS_PER_PIXEL = 1 / 90;

/** @param {import("./model.js").Model} model */
export function buildTimeline(model) {
  const whole = () => model.player.duration() || model.video().duration || 1;
  const view = signal({ from: 0, to: whole() });
  const width = signal(800);
  const x = (time) => ((time - view().from) / (view().to - view().from)) * width();
  const canvas = h("canvas", { "aria-hidden": "true" });
  const blocks = h("div.blocks");
  const ghost = h("div.ghost", { hidden: true });
  const readout = h("div.drag-label", { hidden: true, role: "status" });
  const line = h("div.playhead", { "aria-hidden": "true", style: () => ({ transform: `translateX(${x(model.time())}px)` }), class: () => (model.time() < view().from || model.time() > view().to ? "out" : "") });
  const ruler = h("div.ruler", () => ticks(view(), width()).map((time) => h("span", { style: { transform: `translateX(${x(time)}px)` } }, clock(time, view().to - view().from < 20))));
  const strip = h("div.strip-detail", canvas, blocks, ghost, line, readout, ruler);
  const context = { model, view, width, strip, ghost, readout, whole };

  const put = (from, span) => {
    const size = Math.max(Math.min(LEAST_SPAN, whole()), Math.min(span, whole()));
    const start = Math.max(0, Math.min(from, whole() - size));
    view.set({ from: start, to: start + size });
  };
  const timeAt = (clientX) => view.peek().from + ((clientX - strip.getBoundingClientRect().left) / width.peek()) * (view.peek().to - view.peek().from);
  context.timeAt = timeAt;
  const zoom = (factor, around = model.time.peek()) => {
    const { from, to } = view.peek();
    const middle = around >= from && around <= to ? around : (from + to) / 2;
    put(middle - (middle - from) * factor, (to - from) * factor);
  };
  const zoomTo = (one) => {
    const length = one.end_time - one.start_time;
    put(one.start_time - length * 0.6, length * 2.2);
  };

  strip.addEventListener("wheel", (event) => {
    const { from, to } = view.peek();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoom(1.0018 ** (event.deltaY * (event.deltaMode ? 20 : 1)), timeAt(event.clientX));
    } else if (to - from < whole() && (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey)) {
      event.preventDefault();
      put(from + ((event.deltaX || event.deltaY) / width.peek()) * (to - from), to - from);
    }
  }, { passive: false });
  strip.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest(".block")) return;
    if (event.target.closest(".ruler") || event.pointerType === "touch") scrub(event, strip, (clientX) => model.player.seek(timeAt(clientX), { drag: true }));
    else dragNew(context, event);
  });

  const list = each(() => placed(model.moments() ?? [], whole()), (one) => one.moment.identifier, (item) => block(context, item, x));
  blocks.append(h("div", list));

  const overview = buildOverview(context, put);
  const size = new ResizeObserver(() => width.set(strip.clientWidth || 800));
  size.observe(strip);
  onEnd(() => size.disconnect());
  // How long the video is comes late, once it is here or its player has looked: a view of the whole stays one.
  let known = whole();
  effect(() => {
    const now = whole();
    const { from, to } = view.peek();
    if (now !== known && from === 0 && to >= known) put(0, now);
    known = now;
  });
  effect(() => {
    // What is played stays in sight: at the edge the view turns a page.
    const now = model.time();
    const { from, to } = view.peek();
    if (model.player.playing() && !model.draft.peek() && (now > to || now < from) && to - from < whole()) put(now - (to - from) * 0.1, to - from);
  });
  effect(() => drawGround(canvas, { view: view(), width: width(), waveform: model.waveform(), transcript: model.transcript(), dark: matchMedia("(prefers-color-scheme: dark)").matches }));

  const tool = (name, label, run) => h("button.icon-button", { "aria-label": label, title: label, onclick: run }, icon(name));
  const element = h("section.timeline", { "aria-label": t("Time line") }, overview, strip,
    h("div.timeline-tools.row.small", h("span.quiet.grow.clip-text", t("Drag an edge to change a moment, drag on empty ground for a new one. Alt: free, Shift: fine.")),
      tool("zoomOut", t("Zoom out"), () => zoom(1.6)), tool("zoomIn", t("Zoom in"), () => zoom(1 / 1.6)), tool("fit", t("Whole video"), () => put(0, whole()))));
  return { element, zoom, zoomTo, whole: () => put(0, whole()), view };
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
    onpointerdown: (event) => dragEdge(context, event, moment(), end), onkeydown: (event) => dragEdge.byKey(context, event, moment(), end),
  });
  return h("div.block", {
    class: () => `tone${model.tone(moment())} ${chosen() ? "chosen" : ""} row${item().row} ${draft() ? "dragged" : ""}`,
    style: () => ({ transform: `translateX(${x(edges().start)}px)`, width: `${Math.max(4, pixels())}px` }),
  },
    h("button.face", { "aria-label": () => `${model.number(moment())}. ${moment().title}, ${clock(edges().start)} – ${clock(edges().end)}`, "aria-pressed": () => String(chosen()),
      title: () => moment().title, onclick: () => model.choose(moment().identifier, { seek: true }), ondblclick: () => model.player.playRange(moment().start_time, moment().end_time) },
      () => pixels() >= NUMBER_PIXELS && h("b", model.number(moment())), () => pixels() >= TITLE_PIXELS && h("span", { dir: "auto" }, moment().title)),
    () => generated() && h("span.was", { title: t("As it was generated"), style: { left: `${x(generated().start_time) - x(edges().start)}px`, width: `${x(generated().end_time) - x(generated().start_time)}px` } }),
    handle("start"), handle("end"));
}

/** The whole video in one thin strip: where the moments are, where we are, and what part is shown below. */
function buildOverview(context, put) {
  const { model, view, whole } = context;
  const share = (time) => `${(100 * time) / whole()}%`;
  const hovered = smallPicture(model.id);
  const element = h("div.overview", { role: "slider", tabindex: "0", "aria-label": t("Part that is shown"), "aria-valuemin": "0", "aria-valuemax": () => String(Math.round(whole())), "aria-valuenow": () => String(Math.round(view().from)), "aria-valuetext": () => `${clock(view().from)} – ${clock(view().to)}` },
    () => (model.moments() ?? []).map((one) => h("span.mark", { class: `tone${model.tone(one)}`, style: { left: share(one.start_time), width: share(one.end_time - one.start_time) } })),
    h("span.now", { style: () => ({ left: share(model.time()) }) }),
    h("span.viewport", { hidden: () => view().to - view().from >= whole() - 0.01, style: () => ({ left: share(view().from), width: share(view().to - view().from) }) }));
  element.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    hovered.element.style.setProperty("left", share(at(event.clientX)));
    hovered.show(at(event.clientX));
  });
  element.addEventListener("pointerleave", hovered.hide);
  const at = (clientX) => {
    const box = element.getBoundingClientRect();
    return ((clientX - box.left) / box.width) * whole();
  };
  element.addEventListener("pointerdown", (event) => scrub(event, element, (clientX) => {
    const { from, to } = view.peek();
    if (to - from < whole() - 0.01) put(at(clientX) - (to - from) / 2, to - from);
    model.player.seek(at(clientX), { drag: true });
  }));
  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.25, ArrowRight: 0.25 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const { from, to } = view.peek();
    put(from + (to - from) * step, to - from);
  });
  return h("div.overview-box", element, hovered.element);
}

/** Follow a pointer until it is let go. */
function scrub(event, element, move) {
  element.setPointerCapture(event.pointerId);
  move(event.clientX);
  const follow = (next) => move(next.clientX);
  element.addEventListener("pointermove", follow);
  element.addEventListener("pointerup", () => element.removeEventListener("pointermove", follow), { once: true });
  element.addEventListener("pointercancel", () => element.removeEventListener("pointermove", follow), { once: true });
}

function ticks({ from, to }, width) {
  const step = tickStep(to - from, Math.max(2, width * TICKS_PER_PIXEL));
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, at) => first + at * step);
}
