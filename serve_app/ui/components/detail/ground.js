// What lies under the blocks: how loud the video is, or where something is said.
import { lastBefore } from "../../core/time.js";
import { colours } from "../../services/preferences.js";

const COLUMN = 3; // pixels

/**
 * Draw the ground of the time line.
 * @param {HTMLCanvasElement} canvas
 * @param {{parts: {view: {from: number, to: number}, left: number, width: number}[], width: number, waveform: any, transcript: any}} what
 *   `parts`: which seconds of the video lie where, in pixels
 */
export function drawGround(canvas, { parts, width, waveform, transcript }) {
  colours();
  const ratio = Math.min(2, devicePixelRatio || 1);
  const height = canvas.clientHeight || 96;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const colour = getComputedStyle(canvas).getPropertyValue("color");
  for (const part of parts) {
    context.setTransform(ratio, 0, 0, ratio, part.left * ratio, 0);
    const shape = { context, view: part.view, width: part.width, height, colour };
    if (waveform) waves(shape, waveform);
    else if (transcript && !transcript.none) speech(shape, transcript);
  }
}

function waves({ context, view, width, height, colour }, { points, duration }) {
  const [middle, half] = [height / 2, height / 2 - 3];
  context.fillStyle = colour;
  context.globalAlpha = 0.75;
  const perPixel = ((view.to - view.from) / duration) * (points.length / width);
  const first = (view.from / duration) * points.length;
  for (let at = 0; at < width; at += 2) {
    const [from, to] = [Math.floor(first + at * perPixel), Math.max(Math.floor(first + at * perPixel) + 1, Math.floor(first + (at + 2) * perPixel))];
    let loudest = 0;
    for (let point = from; point < to; point += 1) loudest = Math.max(loudest, points[point] ?? 0);
    const tall = Math.max(1, loudest * half);
    context.fillRect(at, middle - tall, 1.4, tall * 2);
  }
  context.globalAlpha = 1;
}

/** Without a waveform: a bar for every stretch of speech, so that pauses can be seen; from afar, how much is said where. */
function speech({ context, view, width, height, colour }, { starts, ends }) {
  const scale = width / (view.to - view.from);
  const [first, last] = [lastBefore(ends, view.from) + 1, lastBefore(starts, view.to)];
  context.fillStyle = colour;
  context.globalAlpha = 0.55;
  const middle = height / 2;
  if (last - first > width / 4) {
    const spoken = new Float64Array(Math.ceil(width / COLUMN) + 1);
    for (let at = first; at <= last; at += 1) spoken[Math.max(0, Math.floor(((starts[at] - view.from) * scale) / COLUMN))] += ((ends[at] - starts[at]) * scale) / COLUMN;
    spoken.forEach((share, column) => {
      const tall = Math.max(1, Math.min(1, share) * (height / 2 - 6));
      context.fillRect(column * COLUMN, middle - tall / 2, COLUMN - 1, tall);
    });
    context.globalAlpha = 1;
    return;
  }
  for (let at = first; at <= last; at += 1) {
    const left = (starts[at] - view.from) * scale;
    const wide = Math.max(0.6, (ends[at] - starts[at]) * scale - 0.6);
    // A word's bar is as tall as it is long: something to find one's way by.
    const tall = 6 + Math.min(1, (ends[at] - starts[at]) / 0.7) * (height / 2 - 12);
    context.fillRect(left, middle - tall / 2, wide, tall);
  }
  context.globalAlpha = 1;
}
