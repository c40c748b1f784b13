"""What ``benchmarks.web`` runs within the pages."""

from __future__ import annotations

# From the page's beginning: paints, shifts, long tasks, answers to hands and keys, and when things were first there.
WATCH = """
globalThis.watched = {paint: 0, shift: 0, blocked: 0, answers: new Map(), first: {}};
const watch = (type, take, more) => new PerformanceObserver((list) => list.getEntries().forEach(take))
  .observe({type, buffered: true, ...more});
watch("largest-contentful-paint", (entry) => { watched.paint = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) watched.shift += entry.value; });
watch("longtask", (entry) => { watched.blocked += Math.max(0, entry.duration - 50); });
watch("event", (entry) => {
  if (entry.interactionId) {
    watched.answers.set(entry.interactionId, Math.max(entry.duration, watched.answers.get(entry.interactionId) ?? 0));
  }
}, {durationThreshold: 16});
new MutationObserver((_, watcher) => {
  const wanted = [".sentence", ".video-card"].find((one) => document.querySelector(one));
  if (!wanted) return;
  watched.first[wanted] = performance.now();
  watcher.disconnect(); // looking costs time, too
}).observe(document, {childList: true, subtree: true});
"""
PAINTS = "() => [watched.paint, watched.shift, watched.blocked]"
INTERACTIONS = """() => {
  const all = [...watched.answers.values()].sort((a, b) => a - b);
  return all.length ? all[Math.min(all.length - 1, Math.floor(all.length * 0.95))] : 0;
}"""
SEEN_AFTER_DATA = """(path) => {
  const came = performance.getEntriesByType("resource").find((one) => new URL(one.name).pathname.endsWith(path));
  return watched.first[path === "/transcript" ? ".sentence" : ".video-card"] - came.responseEnd;
}"""
FRAMES = """async (scroll) => {
  const box = scroll === "page" ? document.scrollingElement : document.querySelector(scroll);
  const times = [];
  let last = performance.now();
  for (let step = 0; step < 200; step += 1) {
    box.scrollTop += 90;
    await new Promise((done) => requestAnimationFrame(done));
    times.push(performance.now() - last);
    last = performance.now();
  }
  times.sort((a, b) => a - b);
  return [times[100], times[190]];
}"""
DRAG = """async () => {
  const handle = document.querySelector(".block.chosen .handle.end");
  const box = handle.getBoundingClientRect();
  const where = (x) => ({clientX: x, clientY: box.y + 9, pointerId: 1, bubbles: true});
  const at = (type, x) => handle.dispatchEvent(new PointerEvent(type, where(x)));
  handle.setPointerCapture = () => {};
  at("pointerdown", box.x + 6);
  const times = [];
  let last = performance.now();
  for (let step = 1; step <= 200; step += 1) {
    at("pointermove", box.x + 6 + (step % 40));
    await new Promise((done) => requestAnimationFrame(done));
    times.push(performance.now() - last);
    last = performance.now();
  }
  at("pointercancel", box.x);
  times.sort((a, b) => a - b);
  return [times[100], times[190]];
}"""
FIND = """() => {
  const field = document.querySelector(".transcript input[type=search]");
  field.value = "silt";
  const began = performance.now();
  field.dispatchEvent(new Event("input"));
  return performance.now() - began;
}"""
# By the key that goes on a second, which is more than what a second of playing costs.
FOLLOW = """async () => {
  document.activeElement.blur();
  const began = performance.now();
  for (let step = 0; step < 200; step += 1) {
    dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
    await Promise.resolve();
  }
  return (performance.now() - began) / 200;
}"""
SNAP = """async ([module, words]) => {
  const {places, snap} = await import(module);
  const rows = (await (await fetch(words)).json()).word_timestamps;
  const [starts, ends] = [rows.map((row) => row.start), rows.map((row) => row.end)];
  const among = places({starts, ends, sentences: []}, null, [], "start");
  const began = performance.now();
  for (let at = 0; at < 10000; at += 1) snap(at * 1.07, 2, among);
  return (performance.now() - began) / 10000;
}"""
CHANGE_ORDER = """async () => {
  scrollTo(0, 0);
  await new Promise((done) => setTimeout(done, 500));
  const order = document.querySelector('option[value="oldest"]').parentElement;
  const first = () => document.querySelector(".video-card")?.textContent;
  const before = first();
  const began = performance.now();
  order.value = "oldest";
  order.dispatchEvent(new Event("change"));
  while (!first() || first() === before) await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - began;
}"""
WATCH_TITLES = """(title) => {
  globalThis.seenAt = 0;
  const watcher = new MutationObserver(() => {
    if (document.querySelector('[aria-label="Running now"]')?.textContent.includes(title)) {
      globalThis.seenAt = Date.now();
      watcher.disconnect();
    }
  });
  watcher.observe(document, {childList: true, subtree: true, characterData: true});
}"""
