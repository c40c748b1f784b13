// What lies under the blocks: pictures of the video, and how loud it is or where something is said.

const PICTURE_HEIGHT = 46;

/**
 * Draw the ground of the time line.
 * @param {HTMLCanvasElement} canvas
 * @param {{view: {from: number, to: number}, width: number, waveform: any, storyboard: any, transcript: any}} what
 */
export function drawGround(canvas, { view, width, waveform, storyboard, transcript }) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const height = canvas.clientHeight || 96;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const shape = { context, view, width, top: storyboard ? PICTURE_HEIGHT : 0, height, colour: style.getPropertyValue("color") };
  if (storyboard) pictures(shape, storyboard);
  if (waveform) waves(shape, waveform);
  else if (transcript && !transcript.none) speech(shape, transcript);
}

function pictures({ context, view, width }, { image, step, width: wide, height: tall, columns, count }) {
  const shown = (PICTURE_HEIGHT * wide) / tall;
  const each = ((view.to - view.from) / width) * shown;
  for (let at = 0; at < width; at += shown) {
    const time = view.from + (at / shown + 0.5) * each;
    const index = Math.max(0, Math.min(count - 1, Math.round(time / step)));
    context.drawImage(image, (index % columns) * wide, Math.floor(index / columns) * tall, wide, tall, at, 0, shown, PICTURE_HEIGHT);
  }
}

function waves({ context, view, width, top, height, colour }, { points, duration }) {
  const [middle, half] = [top + (height - top) / 2, (height - top) / 2 - 3];
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

/** Without a waveform: a bar for every stretch of speech, so that pauses can be seen. */
function speech({ context, view, width, top, height, colour }, { starts, ends }) {
  const scale = width / (view.to - view.from);
  context.fillStyle = colour;
  context.globalAlpha = 0.55;
  const middle = top + (height - top) / 2;
  for (let at = 0; at < starts.length; at += 1) {
    if (ends[at] < view.from || starts[at] > view.to) continue;
    const left = (starts[at] - view.from) * scale;
    const wide = Math.max(0.6, (ends[at] - starts[at]) * scale - 0.6);
    // A word's bar is as tall as it is long: something to find one's way by.
    const tall = 6 + Math.min(1, (ends[at] - starts[at]) / 0.7) * ((height - top) / 2 - 12);
    context.fillRect(left, middle - tall / 2, wide, tall);
  }
  context.globalAlpha = 1;
}
