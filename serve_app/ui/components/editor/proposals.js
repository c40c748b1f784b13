// Edits that were proposed, in words, and as changes of a time line; none is made before somebody accepts it.
import { t } from "../../core/i18n.js";
import { clock } from "../../core/time.js";
import { api } from "../../services/api.js";
import { said } from "../detail/snapping.js";
import { newKey } from "./changes.js";
import { effectOf, plays } from "./film.js";
import { STYLES, effectTitle, soundTitle } from "./names.js";

const MOST_EFFECTS = 4;
const MOST_ASKED = 30;
const REASONS = { "a question": () => t("a question"), "a number": () => t("a number"), "a pause": () => t("a pause"), "a strong beat": () => t("a strong beat") };

const SAID = {
  trim: (one) => (one.start !== null && one.start !== undefined ? t("Begin segment {n} at {time}", { n: one.segment + 1, time: clock(one.start, true) }) : t("End segment {n} at {time}", { n: one.segment + 1, time: clock(one.end ?? 0, true) })),
  remove: (one) => t("Remove segment {n}", { n: one.segment + 1 }),
  add_effect: (one) => t("Segment {n}: {what}", { n: one.segment + 1, what: effectTitle(one.effect) }),
  remove_effects: (one) => t("Segment {n}: no effects", { n: one.segment + 1 }),
  add_sound: (one) => t("Segment {n}: {what}", { n: one.segment + 1, what: soundTitle(one.sound) }),
  style_captions: (one) => t("Captions: {what}", { what: STYLES[one.style]?.() ?? one.style }),
};

/** A proposed edit in words. */
const inWords = (action) => SAID[action.edit]?.(action) ?? action.edit;

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

/** Effects that rules suggest for what is said in segments, and for beats. @param {import("./model.js").Editor} model */
export async function suggested(model) {
  const { segments, beats } = model.timeline.peek();
  const spoken = segments.map((segment) => ({ segment, text: said(model.transcript.peek(), segment.start, segment.end) })).filter(({ text }) => text).slice(0, MOST_ASKED);
  const ofWords = Promise.all(spoken.map(async ({ segment, text }) => (await api.suggestEffects(text, [])).slice(0, 1).map((one) => ({ segment, one }))));
  const ofBeats = beats.length ? api.suggestEffects("", beats) : [];
  const heard = (await ofBeats).flatMap((one) => segments.filter((segment) => plays(segment, one.start)).slice(0, 1).map((segment) => ({ segment, one })));
  return [...(await ofWords).flat(), ...heard].filter(({ segment, one }) => fits(segment, one)).map(({ segment, one: { effects, reason } }) => ({
    line: `${segment.name}: ${effects.map(effectTitle).join(", ")}`, reason: REASONS[reason]?.() ?? reason, key: `${segment.key} ${effects}`,
    change: (now) => ({ ...now, segments: now.segments.map((each) => (each.key === segment.key ? { ...each, effects: [...(each.effects ?? []), ...effects] } : each)) }),
  }));
}

function fits(segment, { effects }) {
  const has = (segment.effects ?? []).map((one) => effectOf(one).name);
  return has.length + effects.length <= MOST_EFFECTS && !effects.some((one) => has.includes(one));
}
