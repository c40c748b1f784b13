// Changes of time lines: each takes one and gives another, and touches nothing.
import { round } from "../detail/model.js";

let counted = 0;
/** A name by which the page knows a segment; the server knows none. */
export const newKey = () => `s${(counted += 1)}`;

const LEAST = 0.1;
const CAPTION_SECONDS = 1.5;
const at = (timeline, key) => timeline.segments.findIndex((one) => one.key === key);
const segments = (timeline, next) => ({ ...timeline, segments: next });

/** Change one segment; properties that are undefined go. */
export const changeSegment = (key, values) => (timeline) =>
  segments(timeline, timeline.segments.map((one) => (one.key === key ? { ...one, ...values } : one)));

export const removeSegment = (key) => (timeline) => segments(timeline, timeline.segments.filter((one) => one.key !== key));

/** Put a segment at a place in the order. */
export const moveSegment = (key, to) => (timeline) => {
  const from = at(timeline, key);
  if (from < 0 || from === to) return timeline;
  const next = [...timeline.segments];
  next.splice(Math.max(0, Math.min(next.length - 1, to)), 0, ...next.splice(from, 1));
  return segments(timeline, next);
};

/** Put a new segment after another, or at the end. */
export const addSegment = (segment, after) => (timeline) => {
  const place = at(timeline, after);
  const next = [...timeline.segments];
  next.splice(place < 0 ? next.length : place + 1, 0, segment);
  return segments(timeline, next);
};

/** Cut a segment in two at a second of the source; a sound stays with the part in which it is heard, a transition with the first. */
export const splitSegment = (key, source, secondKey) => (timeline) => {
  const index = at(timeline, key);
  const one = timeline.segments[index];
  if (!one || source < one.start + LEAST || source > one.end - LEAST) return timeline;
  const cut = round(source);
  const later = one.sfx?.at !== undefined && one.sfx.at >= cut;
  const parts = [
    { ...one, end: cut, sfx: later ? undefined : one.sfx, captions: one.captions?.filter((each) => each.start < cut) },
    { ...one, key: secondKey, name: `${one.name.slice(0, 96)} b`, start: cut, transition: undefined, sfx: later ? one.sfx : undefined, captions: one.captions?.filter((each) => each.end > cut) },
  ];
  return segments(timeline, timeline.segments.toSpliced(index, 1, ...parts));
};

/** Words of a caption for another text: as many keep their times, others share the caption's evenly. */
export function wordsFor(caption, text) {
  const words = text.split(/\s+/).filter(Boolean);
  if (!caption.words?.length) return undefined;
  if (words.length === caption.words.length) return caption.words.map((word, index) => ({ ...word, text: words[index] }));
  const step = (caption.end - caption.start) / Math.max(1, words.length);
  return words.map((word, index) => ({ text: word, start: round(caption.start + index * step), end: round(caption.start + (index + 1) * step) }));
}

/** Where captions of a segment are written is changed there. */
const inPlace = (key, own, change) => (timeline) =>
  own ? segments(timeline, timeline.segments.map((one) => (one.key === key ? { ...one, captions: change(one.captions ?? []) } : one))) : { ...timeline, captions: change(timeline.captions) };

export const changeCaption = (key, { own, index }, values) => inPlace(key, own, (all) => all.map((one, place) => (place === index ? { ...one, ...values } : one)));
export const removeCaption = (key, { own, index }) => inPlace(key, own, (all) => all.filter((_, place) => place !== index));

/** A caption from a second of the source on, as long as there is room in its segment. */
export const addCaption = (segment, source, text) => {
  const start = Math.max(segment.start, Math.min(source, segment.end - LEAST));
  const caption = { text, start: round(start), end: round(Math.min(segment.end, start + CAPTION_SECONDS)) };
  const own = segment.captions !== undefined && segment.captions !== null;
  return inPlace(segment.key, own, (all) => [...all, caption].sort((a, b) => a.start - b.start));
};

/** A time line as it is sent: without the page's names. */
export const sent = ({ segments: all, captions, caption_style, aspect, beats, tempo, template_name, music }) => ({
  captions, caption_style, aspect, beats, tempo, template_name, music: music ?? null,
  segments: all.map((one) => ({ ...one, key: undefined })),
});
