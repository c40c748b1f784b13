// The film as it is cut, played out of its source: segment after segment, each at its own speed.
import { effect, onEnd, signal, untracked } from "../../core/store.js";
import { filmTime, plays, shownAt } from "./film.js";

/**
 * What plays a film: `time()` and `duration()` of it, `seek`, `play`; `outside()` while the player shows what is not in it.
 * @param {import("./model.js").Editor} model
 */
export function buildFilm(model) {
  const [time, outside] = [signal(0), signal(false)];
  /** The segment that is seen, by its key: a second of the source may be played by several. */
  const current = signal(null);
  const items = () => untracked(model.items);
  const itemOf = (key) => items().find((one) => one.key === key);

  function seek(wanted, { drag = false } = {}) {
    const found = shownAt(items(), wanted);
    if (!found) return model.player.seek(wanted, { drag });
    const goesOn = model.player.playing.peek();
    if (goesOn && drag) model.player.video.pause();
    current.set(found.item.key);
    time.set(Math.min(wanted, untracked(model.length)));
    if (goesOn && !drag) from(found.item, found.source);
    else model.player.seek(found.source, { drag });
  }

  function play() {
    const all = items();
    if (!all.length) return model.player.play();
    if (time.peek() >= untracked(model.length) - 0.05 || outside.peek()) time.set(outside.peek() ? (itemOf(current.peek())?.at ?? 0) : 0);
    const { item, source } = shownAt(all, time.peek());
    from(item, source);
  }

  function from(item, source) {
    current.set(item.key);
    outside.set(false);
    model.player.setPace(item.speed);
    model.player.playRange(source, item.segment.end, () => {
      const all = items();
      const next = all[all.findIndex((one) => one.key === item.key) + 1];
      if (next) return from(next, next.segment.start);
      time.set(untracked(model.length));
      model.player.video.pause();
    });
  }

  effect(() => {
    const source = model.time();
    if (model.draft.peek()) return;
    const now = itemOf(current.peek());
    const item = now && (plays(now.segment, source) || Math.abs(source - now.segment.end) < 0.02) ? now : items().find((one) => plays(one.segment, source));
    outside.set(!item);
    if (!item) return;
    if (item !== now) current.set(item.key);
    time.set(filmTime(item, source));
  });
  // A film that became shorter, or a segment that is gone, leaves the playhead where there is something.
  effect(() => { const length = model.length(); if (length && time.peek() > length) untracked(() => seek(length)); });
  onEnd(() => model.player?.setPace(1));
  return { time, duration: () => model.length() || model.video().duration || 0, seek, play, outside, current, item: () => model.items().find((one) => one.key === current()) ?? null };
}
