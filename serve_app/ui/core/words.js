// A transcript as it is shown and cut by: sentences, and the times at which words start and end.

const ENDS = /[.!?…。！？]["'”’)\]]*$/;
const LONGEST_SECONDS = 12;
const PAUSE_SECONDS = 0.6;

/**
 * @typedef {{text: string, start: number, end: number, first: number, offsets: number[]}} Sentence
 * `first` is the index of its first word, `offsets` where each word begins in the text.
 */

/** @param {{words: string[], starts: number[], ends: number[]}} columns @returns {Sentence[]} */
export function sentences({ words, starts, ends }) {
  const found = [];
  let first = 0;
  for (let at = 0; at < words.length; at += 1) {
    const over = at + 1 === words.length || ENDS.test(words[at]) || starts[at + 1] - ends[at] >= PAUSE_SECONDS ||
      ends[at] - starts[first] >= LONGEST_SECONDS;
    if (!over) continue;
    const offsets = [];
    let text = "";
    for (let word = first; word <= at; word += 1) {
      if (text && !/^[，。！？、]/.test(words[word])) text += " ";
      offsets.push(text.length);
      text += words[word].trim();
    }
    found.push({ text, start: starts[first], end: ends[at], first, offsets });
    first = at + 1;
  }
  return found;
}

/** Pauses between words that are long enough to cut in: their middles, sorted. */
export function pauses({ starts, ends }, least = 0.25) {
  const found = [];
  for (let at = 0; at + 1 < starts.length; at += 1) {
    if (starts[at + 1] - ends[at] >= least) found.push((ends[at] + starts[at + 1]) / 2);
  }
  return found;
}

/** Columns of the words of an answer of the API. */
export function columns(transcript) {
  const rows = transcript.word_timestamps ?? [];
  return { words: rows.map((row) => row.word), starts: rows.map((row) => row.start), ends: rows.map((row) => row.end) };
}
