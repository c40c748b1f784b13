// Edges of moments, dragged and heard at once.
import { announce } from "../../core/a11y.js";
import { h, replace } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { clock, length } from "../../core/time.js";
import { round } from "./model.js";
import { cutWord, places, said, snap } from "./snapping.js";
import { titleOf } from "./transcript-text.js";

const EACH_END = 34; // characters of what an edge that is dragged passes over
const MAGNET_PIXELS = 8;
const LEAST_SECONDS = 0.5;
const HEARD_SECONDS = 1.8;
const FINE = 0.2;
const CLICK_PIXELS = 4;

/** Follow the hand from an edge until it lets go; Escape takes it back. */
export function dragEdge(context, event, moment, end) {
  if (event.button) return;
  const { model } = context;
  event.preventDefault();
  event.stopPropagation();
  model.choose(moment.identifier);
  model.player.video.pause();
  const handle = event.currentTarget;
  handle.focus({ preventScroll: true });
  handle.setPointerCapture(event.pointerId);
  const among = places(model.transcript.peek(), model.boundaries.peek(), others(model, moment), end);
  const before = { start: moment.start_time, end: moment.end_time };
  let [time, last, moved] = [before[end], event.clientX, false];
  const scale = () => context.secondsPerPixel(moment);

  const move = (now) => {
    if (!moved && Math.abs(now.clientX - event.clientX) < 2) return;
    moved = true;
    time += (now.clientX - last) * scale() * (now.shiftKey ? FINE : 1);
    last = now.clientX;
    const bounded = within(context, moment, end, time);
    const drawn = now.altKey ? null : snap(bounded, MAGNET_PIXELS * scale(), among);
    const at = within(context, moment, end, drawn?.time ?? bounded);
    model.draft.set({ id: moment.identifier, ...before, [end]: at });
    model.player.seek(at, { drag: true });
    show(context, moment, end, at, drawn);
  };
  const stop = (keep) => {
    handle.removeEventListener("pointermove", move);
    removeEventListener("keydown", escape, true);
    const draft = model.draft.peek();
    model.draft.set(null);
    context.readout.hidden = true;
    if (keep && moved && draft) settle(model, moment, end, draft[end]);
  };
  const escape = (key) => {
    if (key.key !== "Escape") return;
    key.stopPropagation();
    stop(false);
  };
  handle.addEventListener("pointermove", move);
  handle.addEventListener("pointerup", () => stop(true), { once: true });
  handle.addEventListener("pointercancel", () => stop(false), { once: true });
  addEventListener("keydown", escape, true);
}

/** Arrows move an edge from place to place, with Shift by a frame, with Alt by a tenth of a second. */
export function moveEdge(context, event, moment, end) {
  const direction = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!direction) return;
  event.preventDefault();
  event.stopPropagation();
  const { model } = context;
  const now = end === "start" ? moment.start_time : moment.end_time;
  const among = places(model.transcript.peek(), model.boundaries.peek(), others(model, moment), end);
  let to;
  if (event.shiftKey) to = now + direction / (model.video.peek().fps || 25);
  else if (event.altKey || !among.word.length) to = now + direction / 10;
  else {
    const all = [...among.word, ...among.pause].sort((a, b) => a - b);
    to = direction > 0 ? all.find((time) => time > now + 0.01) : all.findLast((time) => time < now - 0.01);
  }
  if (to === undefined) return;
  const at = within(context, moment, end, to);
  announce(clock(at, true));
  settle(model, moment, end, at);
}

/** Keep an edge, and let it be heard: the first seconds of a new start, the last ones before a new end. */
export function settle(model, moment, end, time) {
  const at = round(time);
  model.edit(moment, end === "start" ? { start_time: at } : { end_time: at }, t("the moved edge"));
  if (end === "start") model.player.playRange(at, Math.min(at + HEARD_SECONDS, moment.end_time));
  else model.player.playRange(Math.max(moment.start_time, at - HEARD_SECONDS), at);
}

/** A new moment where nothing is; a click only goes there. */
export function dragNew(context, event) {
  const { model, strip, ghost, timeAt } = context;
  const from = timeAt(event.clientX);
  strip.setPointerCapture(event.pointerId);
  const starts = places(model.transcript.peek(), model.boundaries.peek(), model.moments.peek() ?? [], "start");
  const ends = places(model.transcript.peek(), model.boundaries.peek(), model.moments.peek() ?? [], "end");
  const scale = context.secondsPerPixel();
  let range = null;
  const move = (now) => {
    if (!range && Math.abs(now.clientX - event.clientX) < CLICK_PIXELS) return;
    const to = Math.max(0, Math.min(context.whole(), timeAt(now.clientX)));
    const [left, right] = [Math.min(from, to), Math.max(from, to)];
    const free = now.altKey ? 0 : MAGNET_PIXELS * scale;
    range = { start: snap(left, free, starts)?.time ?? left, end: snap(right, free, ends)?.time ?? right };
    ghost.hidden = false;
    const { from: first } = context.view.peek();
    ghost.style.setProperty("transform", `translateX(${(range.start - first) / scale}px)`);
    ghost.style.setProperty("width", `${Math.max(1, (range.end - range.start) / scale)}px`);
    replace(ghost, h("span", length(Math.max(0, range.end - range.start))));
    model.player.seek(range.end, { drag: true });
  };
  strip.addEventListener("pointermove", move);
  const stop = (keep) => {
    strip.removeEventListener("pointermove", move);
    ghost.hidden = true;
    if (!range) return keep && model.player.seek(from);
    if (keep && range.end - range.start >= LEAST_SECONDS) model.add(range.start, range.end, titleOf(model.transcript.peek(), range.start, range.end));
  };
  strip.addEventListener("pointerup", () => stop(true), { once: true });
  strip.addEventListener("pointercancel", () => stop(false), { once: true });
}

const others = (model, moment) => (model.moments.peek() ?? []).filter((one) => one.identifier !== moment.identifier);

function within(context, moment, end, time) {
  const whole = context.model.video.peek().duration ?? context.whole();
  const least = context.least ?? LEAST_SECONDS;
  return end === "start" ? Math.max(0, Math.min(time, moment.end_time - least)) : Math.min(whole, Math.max(time, moment.start_time + least));
}

/** Tell beside the hand: the time, the new length, and the words that come or go. */
function show(context, moment, end, at, drawn) {
  const { model, readout } = context;
  const old = end === "start" ? moment.start_time : moment.end_time;
  const transcript = model.transcript.peek();
  const grown = end === "start" ? at < old : at > old;
  const words = said(transcript, Math.min(at, old), Math.max(at, old));
  const cut = cutWord(transcript, at);
  const now = end === "start" ? moment.end_time - at : at - moment.start_time;
  readout.hidden = false;
  readout.classList.toggle("cuts", Boolean(cut));
  readout.style.setProperty("left", `${Math.max(12, Math.min(88, context.place(at, moment, end) * 100))}%`);
  replace(readout, h("strong", clock(at, true)), h("span", length(now)),
    h("span.at", cut ? t("inside “{word}”", { word: cut }) : (drawn?.name ?? t("free"))),
    words && h("span.words", { class: grown ? "gained" : "lost", dir: "auto" }, `${grown ? "+ " : "− "}${words.length > 2 * EACH_END ? ends(words) : words}`));
}

/** The two ends of a long text, cut between words where there are any. @param {string} text */
function ends(text) {
  const [head, tail] = [text.lastIndexOf(" ", EACH_END), text.indexOf(" ", text.length - EACH_END)];
  return `${text.slice(0, head > 0 ? head : EACH_END)} … ${text.slice(tail > 0 ? tail + 1 : -EACH_END)}`;
}
