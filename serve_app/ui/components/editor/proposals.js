// Edits that were proposed, in words, and as changes of a time line; none is made before somebody accepts it.
import { t } from "../../core/i18n.js";
import { clock } from "../../core/time.js";
import { newKey } from "./changes.js";
import { effectOf } from "./film.js";
import { STYLES, effectTitle, soundTitle } from "./names.js";

const MOST_EFFECTS = 4;

const SAID = {
  trim: (one) => (one.start !== null && one.start !== undefined ? t("Begin segment {n} at {time}", { n: one.segment + 1, time: clock(one.start, true) }) : t("End segment {n} at {time}", { n: one.segment + 1, time: clock(one.end ?? 0, true) })),
  remove: (one) => t("Take segment {n} out", { n: one.segment + 1 }),
  add_effect: (one) => t("Segment {n}: {what}", { n: one.segment + 1, what: effectTitle(one.effect) }),
  remove_effects: (one) => t("Segment {n}: no effects", { n: one.segment + 1 }),
  add_sound: (one) => t("Segment {n}: {what}", { n: one.segment + 1, what: soundTitle(one.sound) }),
  style_captions: (one) => t("Captions: {what}", { what: STYLES[one.style]?.() ?? one.style }),
};

/** A proposed edit in words. */
export const inWords = (action) => SAID[action.edit]?.(action) ?? action.edit;

/** What a message proposes: edits in words, and all of them as one change; null where it proposes nothing. */
export function proposed(message) {
  if (!message.proposal || !message.actions?.length) return null;
  const { version, ...rest } = message.proposal;
  return { lines: message.actions.map(inWords), version, change: (timeline) => ({ ...timeline, ...rest, segments: withKeys(rest.segments, timeline.segments) }) };
}

/** Segments that were proposed keep the names by which the page knows those that they come from. */
function withKeys(segments, known) {
  const left = [...known];
  return segments.map((one) => {
    const at = left.findIndex((each) => each.name === one.name);
    const [same] = at < 0 ? [] : left.splice(at, 1);
    return { ...one, key: same?.key ?? newKey() };
  });
}

/** Effects that rules suggest for what is said and heard, each for the segments that play it. */
export function suggested(suggestions, timeline) {
  return suggestions.flatMap((one) => timeline.segments.filter((segment) => fits(segment, one)).slice(0, 1).map((segment) => ({
    line: `${segment.name}: ${one.effects.map(effectTitle).join(", ")}`, reason: one.reason, key: `${segment.key} ${one.effects}`,
    change: (now) => ({ ...now, segments: now.segments.map((each) => (each.key === segment.key ? { ...each, effects: [...(each.effects ?? []), ...one.effects] } : each)) }),
  })));
}

function fits(segment, { start, end, effects }) {
  const has = (segment.effects ?? []).map((one) => effectOf(one).name);
  return segment.start < end && segment.end > start && has.length + effects.length <= MOST_EFFECTS && !effects.some((one) => has.includes(one));
}
