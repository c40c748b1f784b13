// The part of a time line that is shown, and how it is moved: by wheel, buttons, and by what is played.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { clock, tickStep } from "../../core/time.js";

const TICKS_PER_PIXEL = 1 / 90;

/**
 * @param {HTMLElement} strip @param {{whole: () => number, now: () => number, playing: () => boolean, held: () => boolean, least: number}} what
 *   `whole`: seconds in all; `held`: whether a hand is on the line; `least`: seconds across at the closest
 */
export function buildScale(strip, { whole, now, playing, held, least }) {
  const view = signal({ from: 0, to: whole() });
  const width = signal(800);
  const x = (time) => ((time - view().from) / (view().to - view().from)) * width();
  const put = (from, span) => {
    const size = Math.max(Math.min(least, whole()), Math.min(span, whole()));
    const start = Math.max(0, Math.min(from, whole() - size));
    view.set({ from: start, to: start + size });
  };
  const timeAt = (clientX) => view.peek().from + ((clientX - strip.getBoundingClientRect().left) / width.peek()) * (view.peek().to - view.peek().from);
  const secondsPerPixel = () => (view.peek().to - view.peek().from) / width.peek();
  const zoom = (factor, around = now()) => {
    const { from, to } = view.peek();
    const middle = around >= from && around <= to ? around : (from + to) / 2;
    put(middle - (middle - from) * factor, (to - from) * factor);
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
  const size = new ResizeObserver(() => width.set(strip.clientWidth || 800));
  size.observe(strip);
  onEnd(() => size.disconnect());
  // How long the whole is comes late, or changes: a view of the whole stays one.
  let known = whole();
  effect(() => {
    const length = whole();
    const { from, to } = view.peek();
    if (length !== known && ((from === 0 && to >= known - 0.01) || to > length)) put(from, from === 0 && to >= known - 0.01 ? length : to - from);
    known = length;
  });
  effect(() => {
    // What is played stays in sight: at the edge the view turns a page.
    const at = now();
    const { from, to } = view.peek();
    if (playing() && !held() && (at > to || at < from) && to - from < whole()) put(at - (to - from) * 0.1, to - from);
  });
  const playhead = h("div.playhead", { "aria-hidden": "true", style: () => ({ transform: `translateX(${x(now())}px)` }), class: () => (now() < view().from || now() > view().to ? "out" : "") });
  const ruler = h("div.ruler", () => ticks(view(), width()).map((time) => h("span", { style: { transform: `translateX(${x(time)}px)` } }, clock(time, view().to - view().from < 20))));
  const tool = (name, label, run) => h("button.icon-button", { "aria-label": label, title: label, onclick: run }, icon(name));
  const all = () => put(0, whole());
  const tools = (label) => [tool("zoomOut", t("Zoom out"), () => zoom(1.6)), tool("zoomIn", t("Zoom in"), () => zoom(1 / 1.6)), tool("fit", label, all)];
  return { view, width, whole, x, put, timeAt, secondsPerPixel, zoom, all, playhead, ruler, tools };
}

/** Follow a pointer until it is let go. */
export function scrub(event, element, move) {
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
