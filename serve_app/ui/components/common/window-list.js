// Long lists with few elements: only the rows in sight are in the page; their heights are measured once drawn.
import { h } from "../../core/html.js";
import { lastBefore } from "../../core/time.js";

/**
 * A list of rows of any height in a box that scrolls.
 * @param {{count: () => number, build: (index: number) => HTMLElement, guess: number, label: string, scroller?: HTMLElement}} options
 *   `scroller`: what scrolls, where it is not the list itself
 */
export function windowList({ count, build, guess, label }) {
  const inner = h("div.window-inner");
  const element = h("div.window-list", { tabindex: "0", role: "list", "aria-label": label }, inner);
  /** @type {Map<number, HTMLElement>} */
  const drawn = new Map();
  let heights = new Float64Array(0);
  let tops = new Float64Array(1);
  let width = 0;
  let frame = 0;

  function reset() {
    for (const row of drawn.values()) row.remove();
    drawn.clear();
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
    if (element.clientWidth !== width) {
      width = element.clientWidth;
      for (const row of drawn.values()) row.remove();
      drawn.clear();
    }
    const [top, bottom] = [element.scrollTop - 300, element.scrollTop + element.clientHeight + 300];
    const first = Math.max(0, lastBefore(tops, Math.max(0, top)));
    const last = Math.min(heights.length - 1, Math.max(first, lastBefore(tops, bottom)));
    for (const [index, row] of drawn) {
      if (index >= first && index <= last) continue;
      row.remove();
      drawn.delete(index);
    }
    const fresh = [];
    for (let index = first; index <= last; index += 1) {
      if (drawn.has(index)) continue;
      const row = build(index);
      row.setAttribute("role", "listitem");
      row.setAttribute("aria-setsize", String(heights.length));
      row.setAttribute("aria-posinset", String(index + 1));
      drawn.set(index, row);
      fresh.push(index);
    }
    // In the order of their numbers, so that a selection and a screen reader read on from row to row.
    if (fresh.length) inOrder();
    const measured = fresh.map((index) => [index, drawn.get(index).getBoundingClientRect().height]);
    let least = heights.length;
    let above = 0;
    for (const [index, height] of measured) {
      if (Math.abs(heights[index] - height) < 0.5) continue;
      if (tops[index] + heights[index] < element.scrollTop) above += height - heights[index];
      heights[index] = height;
      least = Math.min(least, index);
    }
    if (least < heights.length) {
      sum(least);
      if (above) element.scrollTop += above; // what is read stays where it is
      if (above || (last + 1 < heights.length && tops[last + 1] < bottom)) frame = requestAnimationFrame(draw);
    }
    for (const [index, row] of drawn) if (index >= least || fresh.includes(index)) row.style.setProperty("transform", `translateY(${tops[index]}px)`);
  }

  function inOrder() {
    let next = null;
    for (const index of [...drawn.keys()].sort((a, b) => b - a)) {
      const row = drawn.get(index);
      if (!row.isConnected || row.nextSibling !== next) inner.insertBefore(row, next);
      next = row;
    }
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
  return { element, reset, draw, reveal, inSight, drawn, end: () => { resized.disconnect(); cancelAnimationFrame(frame); } };
}

/**
 * Cards of one height in columns, scrolled by the page: only those in sight are there.
 * @param {{count: () => number, build: (index: number) => HTMLElement, height: number, least: number, gap: number, wanted?: (first: number, last: number) => void}} options
 */
export function windowGrid({ count, build, height, least, gap, wanted }) {
  const element = h("div.window-grid");
  const drawn = new Map();
  let frame = 0;
  let columns = 0;
  let rowHeight = 0;

  function draw() {
    frame = 0;
    if (!element.isConnected) return;
    const width = element.clientWidth;
    const now = Math.max(1, Math.floor((width + gap) / (least + gap)));
    const card = (width - gap * (now - 1)) / now;
    const tall = typeof height === "function" ? height(card) : height;
    if (now !== columns || tall !== rowHeight) {
      [columns, rowHeight] = [now, tall];
      for (const one of drawn.values()) one.remove();
      drawn.clear();
    }
    const rows = Math.ceil(count() / columns);
    element.style.setProperty("height", `${Math.max(0, rows * (rowHeight + gap) - gap)}px`);
    const top = -element.getBoundingClientRect().top;
    const firstRow = Math.max(0, Math.floor((top - 400) / (rowHeight + gap)));
    const lastRow = Math.min(rows - 1, Math.floor((top + innerHeight + 400) / (rowHeight + gap)));
    const [first, last] = [firstRow * columns, Math.min(count(), (lastRow + 1) * columns) - 1];
    for (const [index, one] of drawn) {
      if (index >= first && index <= last) continue;
      one.remove();
      drawn.delete(index);
    }
    for (let index = first; index <= last; index += 1) {
      if (drawn.has(index)) continue;
      const one = build(index);
      if (!one) continue;
      one.style.setProperty("width", `${card}px`);
      one.style.setProperty("height", `${rowHeight}px`);
      one.style.setProperty("transform", `translate(${(index % columns) * (card + gap)}px, ${Math.floor(index / columns) * (rowHeight + gap)}px)`);
      drawn.set(index, one);
      const after = [...drawn.keys()].filter((each) => each > index).sort((a, b) => a - b)[0];
      element.insertBefore(one, after === undefined ? null : drawn.get(after));
    }
    if (last >= first) wanted?.(first, last);
  }
  const soon = () => (frame ||= requestAnimationFrame(draw));
  const reset = () => {
    for (const one of drawn.values()) one.remove();
    drawn.clear();
    soon();
  };
  addEventListener("scroll", soon, { passive: true });
  const resized = new ResizeObserver(soon);
  resized.observe(element);
  return { element, reset, soon, end: () => { removeEventListener("scroll", soon); resized.disconnect(); cancelAnimationFrame(frame); } };
}
