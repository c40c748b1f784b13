// Where an edge likes to stand: words, sentences, pauses, shots, and the edges of other moments.
import { lastBefore, nearest } from "../../core/time.js";
import { t } from "../../core/i18n.js";
import { pauses } from "../../core/words.js";

/** How much nearer than it is a place of a kind counts, as a share of the magnet. */
const PULL = { edge: 0.5, sentence: 0.45, shot: 0.4, beat: 0.3, pause: 0.2, word: 0 };
const NAMES = {
  edge: () => t("another edge"), beat: () => t("beat"), sentence: () => t("sentence"), shot: () => t("shot"), pause: () => t("pause"), word: () => t("word"),
};

const sorted = (list) => Float64Array.from(list).sort();

/**
 * Places by kind, for one end of one moment.
 * @param {any} transcript @param {any} boundaries of the API, where it has them @param {any[]} others moments
 * @param {"start" | "end"} end
 */
export function places(transcript, boundaries, others, end) {
  const words = transcript ?? { starts: [], ends: [], sentences: [] };
  return {
    word: sorted(end === "start" ? words.starts : words.ends),
    sentence: sorted(words.sentences.map((one) => one[end])),
    pause: sorted(boundaries?.silences ? boundaries.silences.map((one) => (one[0] + one[1]) / 2) : pauses(words)),
    shot: sorted(boundaries?.shots ?? []),
    beat: sorted(boundaries?.beats ?? []),
    edge: sorted(others.flatMap((one) => [one.start_time, one.end_time])),
  };
}

/** The place that draws a time to it, within `magnet` seconds: `{time, kind, name}`; null where there is none. */
export function snap(time, magnet, among) {
  let best = null;
  for (const [kind, list] of Object.entries(among)) {
    const place = nearest(list, time);
    if (place === undefined) continue;
    const distance = Math.abs(place - time);
    const cost = distance - PULL[kind] * magnet;
    if (distance <= magnet && (!best || cost < best.cost)) best = { time: place, kind, cost };
  }
  return best && { time: best.time, kind: best.kind, name: NAMES[best.kind]() };
}

/** The word that a time would cut through; null between words. */
export function cutWord(transcript, time) {
  if (!transcript) return null;
  const at = lastBefore(transcript.starts, time - 0.02);
  return at >= 0 && time < transcript.ends[at] - 0.02 ? transcript.words[at] : null;
}

/** What is said between two times. */
export function said(transcript, from, to) {
  if (!transcript || to <= from) return "";
  const first = lastBefore(transcript.ends, from + 0.02) + 1;
  const last = lastBefore(transcript.starts, to - 0.02);
  return transcript.words.slice(first, last + 1).join(" ");
}
