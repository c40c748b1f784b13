// Positions in a video, in seconds, as people read them.

/** "1:02:03", or with tenths "1:02.4". */
export function clock(seconds, tenths = false) {
  const whole = tenths ? Math.floor(seconds * 10 + 1e-6) / 10 : Math.floor(seconds + 1e-6);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = (whole % 60).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** "48.8 s", "3 min 20 s", "2 h 5 min". */
export function length(seconds) {
  if (seconds < 60) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return Math.round(seconds) % 60 ? `${minutes} min ${Math.round(seconds) % 60} s` : `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 60)} h`;
}

/** How long something has been at work, or was; nothing before it began. */
export const took = ({ started_at: began, completed_at: ended }) => (began ? length(((ended ? Date.parse(ended) : Date.now()) - Date.parse(began)) / 1000) : "");

/** Read "1:02:03.5", "62" or "1m2s" as seconds; null where it is none. */
export function parseClock(text) {
  const parts = text.trim().split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d+)?$/.test(part.trim()))) return null;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** A round step for about `count` ticks over a span of seconds. */
export function tickStep(span, count) {
  const steps = [0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  return steps.find((step) => span / step <= count) ?? 14400;
}

/** Index of the last of sorted `times` that is not after `time`; -1 before the first. */
export function lastBefore(times, time) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The one of sorted `times` that is nearest. */
export function nearest(times, time) {
  const at = lastBefore(times, time);
  const [before, after] = [times[at], times[at + 1]];
  if (before === undefined) return after;
  return after === undefined || time - before <= after - time ? before : after;
}
