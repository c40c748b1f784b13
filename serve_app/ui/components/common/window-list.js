// Long lists with few elements: only what is in sight is in the page.
import { h } from "../../core/html.js";
import { scope } from "../../core/store.js";
import { lastBefore } from "../../core/time.js";

const BEYOND = 300; // pixels above and below what is seen that are there, too

/**
 * The entries of a list that are in the page, in the order of their numbers, so that a selection and a screen reader read
 * on from one to the next. What an entry follows ends with it.
 * @param {HTMLElement} parent @param {(index: number) => ?HTMLElement} build
 */
function entries(parent, build) {
  /** @type {Map<number, {element: HTMLElement, end: () => void}>} */
  const there = new Map();
  const take = ([index, one]) => {
    one.end();
    one.element.remove();
    there.delete(index);
  };
  const clear = () => [...there].forEach(take);
  /** Have those from the first to the last there and no others; returns the new ones. */
  function show(first, last) {
    for (const entry of [...there]) if (entry[0] < first || entry[0] > last) take(entry);
    const fresh = [];
    let next = null;
    for (let index = last; index >= first; index -= 1) {
      let one = there.get(index);
      if (!one) {
        const [element, end] = scope(() => build(index));
        if (!element) continue;
        one = { element, end };
        there.set(index, one);
        fresh.push([index, element]);
        parent.insertBefore(element, next);
      }
      next = one.element;
    }
    return fresh.reverse();
  }
  return { show, clear, at: (index) => there.get(index)?.element, all: () => [...there].map(([index, one]) => [index, one.element]) };
}

/**
 * A list of rows of any height in a box that scrolls; heights are measured once a row is drawn.
 * @param {{count: () => number, build: (index: number) => HTMLElement, guess: number, label: string}} options
 */
export function windowList({ count, build, guess, label }) {
  const inner = h("div.window-inner");
  const element = h("div.window-list", { tabindex: "0", role: "list", "aria-label": label }, inner);
  const rows = entries(inner, (index) => {
    const row = build(index);
    row.setAttribute("role", "listitem");
    row.setAttribute("aria-setsize", String(heights.length));
    row.setAttribute("aria-posinset", String(index + 1));
    return row;
  });
  let heights = new Float64Array(0);
  let tops = new Float64Array(1);
  let width = 0;
  let frame = 0;

  function reset() {
    rows.clear();
    heights = new Float64Array(count()).fill(guess);
    sum(0);
    draw();
  }

  function sum(from) {
    if (tops.length !== heights.length + 1) {
      tops = new Float64Array(heights.length + 1);
      from = 0;
    }
    for (let at = from; at < heights.length; at += 1) tops[at + 1] = tops[at] + heights[at];
    inner.style.setProperty("height", `${tops[heights.length]}px`);
  }

  function draw() {
    frame = 0;
    if (!element.isConnected || !heights.length) return;
    const [seen, from] = [element.clientHeight, element.scrollTop];
    if (element.clientWidth !== width) {
      width = element.clientWidth;
      rows.clear();
    }
    const bottom = from + seen + BEYOND;
    const first = Math.max(0, lastBefore(tops, Math.max(0, from - BEYOND)));
    const last = Math.min(heights.length - 1, Math.max(first, lastBefore(tops, bottom)));
    const fresh = rows.show(first, last);
    const measured = fresh.map(([index, row]) => [index, row.getBoundingClientRect().height]);
    let least = heights.length;
    let above = 0;
    for (const [index, height] of measured) {
      if (Math.abs(heights[index] - height) < 0.5) continue;
      if (tops[index] + heights[index] < from) above += height - heights[index];
      heights[index] = height;
      least = Math.min(least, index);
    }
    if (least < heights.length) {
      sum(least);
      if (above) element.scrollTop = from + above; // what is read stays where it is
      if (above || (last + 1 < heights.length && tops[last + 1] < bottom)) soon();
    }
    const moved = least < heights.length ? rows.all().filter(([index]) => index > least) : [];
    for (const [index, row] of [...fresh, ...moved]) row.style.setProperty("transform", `translateY(${tops[index]}px)`);
  }

  const soon = () => (frame ||= requestAnimationFrame(draw));
  element.addEventListener("scroll", soon, { passive: true });
  const resized = new ResizeObserver(soon);
  resized.observe(element);

  /** Bring a row into the middle. */
  function reveal(index, smooth = false) {
    const middle = tops[index] - element.clientHeight / 2 + heights[index] / 2;
    element.scrollTo({ top: Math.max(0, middle), behavior: smooth ? "smooth" : "instant" });
    if (!smooth) draw();
  }
  const inSight = (index) => tops[index] >= element.scrollTop && tops[index + 1] <= element.scrollTop + element.clientHeight;
  return { element, reset, draw, reveal, inSight, row: rows.at, end: () => { resized.disconnect(); cancelAnimationFrame(frame); rows.clear(); } };
}

/**
 * Cards of one height in columns, scrolled by the page.
 * @param {{count: () => number, build: (index: number) => HTMLElement, height: number | ((width: number) => number), least: number, gap: number, wanted?: (first: number, last: number) => void}} options
 */
export function windowGrid({ count, build, height, least, gap, wanted }) {
  const element = h("div.window-grid");
  const cards = entries(element, build);
  let frame = 0;
  let laid = { columns: 0, tall: 0, whole: -1 };

  function draw() {
    frame = 0;
    if (!element.isConnected) return;
    // All is read before anything is written: else the page would be laid out twice.
    const [width, top] = [element.clientWidth, -element.getBoundingClientRect().top];
    const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
    const card = (width - gap * (columns - 1)) / columns;
    const tall = typeof height === "function" ? height(card) : height;
    const rows = Math.ceil(count() / columns);
    const whole = Math.max(0, rows * (tall + gap) - gap);
    if (columns !== laid.columns || tall !== laid.tall) cards.clear();
    if (whole !== laid.whole) element.style.setProperty("height", `${whole}px`);
    laid = { columns, tall, whole };
    const firstRow = Math.max(0, Math.floor((top - BEYOND) / (tall + gap)));
    const lastRow = Math.min(rows - 1, Math.floor((top + innerHeight + BEYOND) / (tall + gap)));
    const [first, last] = [firstRow * columns, Math.min(count(), (lastRow + 1) * columns) - 1];
    for (const [index, one] of cards.show(first, last)) {
      one.style.setProperty("width", `${card}px`);
      one.style.setProperty("height", `${tall}px`);
      one.style.setProperty("transform", `translate(${(index % columns) * (card + gap)}px, ${Math.floor(index / columns) * (tall + gap)}px)`);
    }
    if (last >= first) wanted?.(first, last);
  }
  const soon = () => (frame ||= requestAnimationFrame(draw));
  const reset = () => {
    cards.clear();
    soon();
  };
  addEventListener("scroll", soon, { passive: true });
  const resized = new ResizeObserver(soon);
  resized.observe(element);
  return { element, reset, soon, end: () => { removeEventListener("scroll", soon); resized.disconnect(); cancelAnimationFrame(frame); cards.clear(); } };
}
