// A time line as the film that it makes: which segment is seen when. Times in segments are seconds of the source.

const RATE = 30;
const SHORTEST = 3;
const SPEEDS = { slowmo: 0.5, speedup: 1.5 };

/** An effect's name and strength, however it is written. */
export const effectOf = (effect) => (typeof effect === "string" ? { name: effect, amount: 1 } : effect);

/** How fast a segment plays its source. */
function speedOf(segment) {
  const effects = (segment.effects ?? []).map(effectOf);
  return effects.reduce((speed, { name, amount }) => (name in SPEEDS ? speed * (1 + (SPEEDS[name] - 1) * amount) : speed), segment.speed ?? 1);
}

/** How long a segment lasts in the film: a number of frames. */
export function lengthOf(segment) {
  const frames = Math.round((Math.round(segment.end * RATE) - Math.round(segment.start * RATE)) / speedOf(segment));
  return Math.max(SHORTEST, frames) / RATE;
}

/**
 * @typedef {{key: string, index: number, segment: any, at: number, length: number, speed: number}} Item
 * A segment in the film: it begins `at` and lasts `length` seconds of it.
 */

/** Segments one after another. @param {any[]} segments @returns {Item[]} */
export function itemsOf(segments) {
  let at = 0;
  return segments.map((segment, index) => {
    const item = { key: segment.key, index, segment, at, length: lengthOf(segment), speed: speedOf(segment) };
    at += item.length;
    return item;
  });
}

export const filmLength = (items) => (items.length ? items.at(-1).at + items.at(-1).length : 0);

/** What a film shows at a time: the item, and the second of the source; the last one after its end. */
export function shownAt(items, time) {
  const item = items.findLast((one) => one.at <= time + 1e-6) ?? items[0];
  if (!item) return null;
  return { item, source: Math.min(item.segment.end - 1 / RATE, item.segment.start + Math.max(0, time - item.at) * item.speed) };
}

/** When an item shows a second of the source. */
export const filmTime = (item, source) => item.at + Math.max(0, Math.min(item.length, (source - item.segment.start) / item.speed));

/** Whether a segment plays a second of the source. */
export const plays = (segment, source) => source >= segment.start - 1e-3 && source < segment.end;

/** Captions that a segment draws, each with where it is written: in the segment, or in the time line. */
export function captionsOf(timeline, segment) {
  const own = segment.captions !== undefined && segment.captions !== null;
  return (own ? segment.captions : timeline.captions)
    .map((caption, index) => ({ caption, index, own }))
    .filter(({ caption }) => own || (caption.start < segment.end && caption.end > segment.start));
}
