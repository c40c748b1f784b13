// The film's time line: segments as blocks in their order, to be dragged, trimmed and split; captions, sounds, beats below.
import { each, h } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, untracked } from "../../core/store.js";
import { clock, length } from "../../core/time.js";
import { smallPicture } from "../common/storyboard.js";
import { dragEdge, moveEdge } from "../detail/edges.js";
import { drawGround } from "../detail/ground.js";
import { buildOverview } from "../detail/overview.js";
import { buildScale, scrub } from "../detail/scale.js";
import { captionsOf, filmTime, shownAt } from "./film.js";
import { reorder } from "./reorder.js";

const LEAST_SPAN = 2;
const LEAST_SEGMENT = 0.2;
const TARGET_PIXELS = 24;
const HANDLES_PIXELS = 44; // of both within a block, and of its own edges
const [NUMBER_PIXELS, NAME_PIXELS, PICTURE_PIXELS, CAPTION_PIXELS] = [34, 110, 220, 26];

/** @param {import("./model.js").Editor} model @param {{captions: (place: any) => void}} open what is shown of what is clicked */
export function buildFilmStrip(model, open) {
  const { film } = model;
  const canvas = h("canvas", { "aria-hidden": "true" });
  const readout = h("div.drag-label", { hidden: true, role: "status" });
  const marker = h("div.drop-marker", { hidden: true });
  const strip = h("div.strip-detail.film-strip", canvas);
  const scale = buildScale(strip, { whole: () => model.length() || 1, now: film.time, playing: model.player.playing, held: () => Boolean(model.draft.peek()), least: LEAST_SPAN });
  const { view, width, x } = scale;
  const share = (time) => (time - view.peek().from) / (view.peek().to - view.peek().from);
  const itemOf = (key) => untracked(model.items).find((one) => one.key === key);
  const context = {
    model, readout, marker, whole: scale.whole, timeAt: scale.timeAt, least: LEAST_SEGMENT,
    // A hand on an edge moves the source, which may be played faster or slower.
    secondsPerPixel: (moment) => scale.secondsPerPixel() * (itemOf(moment.identifier)?.speed ?? 1),
    place: (at, moment, end) => {
      const item = itemOf(moment.identifier);
      return share(item.at + (end === "start" ? (at - moment.start_time) : (at - item.segment.start)) / item.speed);
    },
    markAt: (time) => marker.style.setProperty("transform", `translateX(${untracked(() => x(time))}px)`),
  };

  /** Items as they lie while an edge is dragged: what follows an end moves with it, what is before a start stays. */
  const laid = () => {
    const draft = model.draft();
    const items = model.items();
    const held = draft && items.find((one) => one.key === draft.id);
    if (!held) return items;
    const grown = (draft.end - draft.start - (held.segment.end - held.segment.start)) / held.speed;
    const shift = (draft.start - held.segment.start) / held.speed;
    return items.map((one) => {
      if (one === held) return { ...one, at: one.at + shift, length: one.length + grown };
      return one.index > held.index ? { ...one, at: one.at + grown + shift } : one;
    });
  };
  const blocks = h("div.blocks", h("div", each(laid, (one) => one.key, (item) => block(context, item, x))));
  const words = h("div.caption-track", () => captionMarks(model, scale, open));
  const beats = h("div.beat-track", { "aria-hidden": "true" }, () => beatMarks(model, scale));
  strip.append(blocks, words, beats, marker, scale.playhead, readout, scale.ruler);

  strip.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest(".block, .caption-mark")) return;
    scrub(event, strip, (clientX) => film.seek(scale.timeAt(clientX), { drag: true }));
  });
  effect(() => drawGround(canvas, { parts: parts(model.items(), view(), x), width: width(), waveform: model.waveform(), transcript: model.transcript() }));

  const marks = () => model.items().map((one) => ({ tone: model.tone({ identifier: one.key }), start: one.at, end: one.at + one.length }));
  const source = (time) => shownAt(untracked(model.items), time)?.source ?? 0;
  const element = h("section.timeline", { "aria-label": t("Timeline of the film") },
    buildOverview(scale, { video: model.id, now: film.time, seek: film.seek, marks, source }), strip,
    h("div.timeline-tools.row.small", h("span.quiet.number", () => `${plural(model.items().length, "{n} segment", "{n} segments")} · ${length(model.length())}`),
      h("span.quiet.grow.clip-text", t("Drag a block to move it, an edge to trim it. S splits it.")), scale.tools(t("Whole film"))));
  return { element, zoom: scale.zoom, whole: scale.all };
}

/** Which part of the source's sound lies where in the strip. */
const parts = (items, view, x) => items.filter((one) => one.at < view.to && one.at + one.length > view.from)
  .map((one) => ({ view: { from: one.segment.start, to: one.segment.start + one.length * one.speed }, left: x(one.at), width: Math.max(1, x(one.at + one.length) - x(one.at)) }));

function block(context, item, x) {
  const { model } = context;
  const segment = () => item().segment;
  const moment = () => ({ identifier: item().key, title: segment().name, start_time: segment().start, end_time: segment().end });
  const draft = () => (model.draft()?.id === item().key ? model.draft() : null);
  const chosen = () => model.chosen() === item().key;
  const pixels = () => x(item().at + item().length) - x(item().at);
  const warned = () => model.warnings().some((one) => one.segment === item().index);
  const picture = smallPicture(model.id);
  effect(() => { picture.element.hidden = pixels() < PICTURE_PIXELS; if (pixels() >= PICTURE_PIXELS) picture.show(segment().start + 0.1); });
  const handle = (end) => h(`span.handle.${end}`, {
    role: "slider", tabindex: () => (chosen() ? "0" : "-1"), "aria-label": () => (end === "start" ? t("Start of {title}", { title: segment().name }) : t("End of {title}", { title: segment().name })),
    "aria-valuemin": "0", "aria-valuemax": () => String(Math.ceil(model.video().duration ?? 0)), "aria-valuenow": () => (draft() ?? segment())[end].toFixed(2), "aria-valuetext": () => clock((draft() ?? segment())[end], true),
    onpointerdown: (event) => dragEdge(context, event, moment(), end), onkeydown: (event) => moveEdge(context, event, moment(), end),
  });
  const face = h("button.face", {
    tabindex: () => (pixels() - (chosen() ? HANDLES_PIXELS : 0) < TARGET_PIXELS ? "-1" : null), // [ and ] lead there, too
    "aria-label": () => t("Segment {n}: {name}, {from} to {to} of the video", { n: item().index + 1, name: segment().name, from: clock(segment().start, true), to: clock(segment().end, true) }),
    "aria-pressed": () => String(chosen()), title: () => segment().name,
    onclick: () => { if (!context.moved) model.choose(item().key, { seek: true }); }, onpointerdown: (event) => reorder(context, event, item.peek()),
  }, picture.element, () => pixels() >= NUMBER_PIXELS && h("b", item().index + 1), () => pixels() >= NAME_PIXELS && h("span", { dir: "auto" }, segment().name),
    h("span.block-signs", { "aria-hidden": "true" }, () => (segment().effects ?? []).length > 0 && pixels() >= NUMBER_PIXELS && icon("refine"), () => segment().sfx && pixels() >= NUMBER_PIXELS && icon("volume"), () => warned() && icon("warning")));
  return h("div.block", {
    class: () => `tone${model.tone(moment())} ${chosen() ? "chosen" : ""} ${draft() ? "dragged" : ""}`, "data-segment": () => item().key,
    style: () => ({ transform: `translateX(${x(item().at)}px)`, width: `${Math.max(4, pixels() - 1)}px` }),
  }, face, handle("start"), handle("end"));
}

/** Captions where the film shows them; for hands alone, as the list of captions is for the keyboard. */
function captionMarks(model, { x, view }, open) {
  const timeline = model.timeline();
  return model.items().filter((one) => one.at < view().to && one.at + one.length > view().from).flatMap((item) => captionsOf(timeline, item.segment).map(({ caption, index, own }) => {
    const [from, to] = [x(filmTime(item, caption.start)), x(filmTime(item, caption.end))];
    if (to - from < 1) return null;
    return h("div.caption-mark", { "aria-hidden": "true", class: `tone${model.tone({ identifier: item.key })}`, title: caption.text, style: { transform: `translateX(${from}px)`, width: `${Math.max(3, to - from - 1)}px` },
      onclick: () => { model.choose(item.key); model.film.seek(filmTime(item, caption.start)); open.captions({ own, index }); } }, to - from >= CAPTION_PIXELS && h("span", { dir: "auto" }, caption.text));
  }));
}

function beatMarks(model, { x, view, width }) {
  const beats = model.timeline().beats;
  const shown = model.items().flatMap((item) => beats.filter((beat) => beat >= item.segment.start && beat < item.segment.end).map((beat) => filmTime(item, beat))).filter((time) => time >= view().from && time <= view().to);
  if (shown.length > width() / 6) return null;
  return shown.map((time) => h("i", { style: { transform: `translateX(${x(time)}px)` } }));
}
