// A block that is taken by its face goes where it is let go in the order of the film; Escape leaves it where it was.
import { announce } from "../../core/a11y.js";
import { t } from "../../core/i18n.js";
import { untracked } from "../../core/store.js";
import { may } from "../../services/session.js";
import { moveSegment } from "./changes.js";

const CLICK_PIXELS = 5;

/** Follow the hand from a block's face. */
export function reorder(context, event, item) {
  if (event.button || !may("write")) return;
  const { model, marker } = context;
  const face = event.currentTarget;
  const block = face.closest(".block");
  const others = untracked(model.items).filter((one) => one.key !== item.key);
  context.moved = false;
  let to = item.index;
  face.setPointerCapture(event.pointerId);
  const move = (now) => {
    const pixels = now.clientX - event.clientX;
    if (!context.moved && Math.abs(pixels) < CLICK_PIXELS) return;
    if (!context.moved) {
      context.moved = true;
      lift(block, true);
      model.choose(item.key);
    }
    block.style.setProperty("translate", `${pixels}px -6px`);
    const time = context.timeAt(now.clientX);
    to = others.filter((one) => one.at + one.length / 2 < time).length;
    const before = others[to - 1];
    marker.hidden = false;
    context.markAt(before ? before.at + before.length : 0);
  };
  const stop = (keep) => {
    for (const [name, heard] of Object.entries(heards)) face.removeEventListener(name, heard);
    removeEventListener("keydown", escape, true);
    marker.hidden = true;
    lift(block, false);
    block.style.removeProperty("translate");
    if (context.moved && keep) moveTo(model, item.key, to);
    setTimeout(() => { context.moved = false; }); // the click that ends a drag chooses nothing
  };
  const escape = (key) => {
    if (key.key !== "Escape" || !context.moved) return;
    key.stopPropagation();
    stop(false);
  };
  const heards = { pointermove: move, pointerup: () => stop(true), pointercancel: () => stop(false) };
  for (const [name, heard] of Object.entries(heards)) face.addEventListener(name, heard);
  addEventListener("keydown", escape, true);
}

/** While one is lifted, those that it goes over are no targets. */
function lift(block, up) {
  block.classList.toggle("lifted", up);
  for (const one of block.parentElement.children) if (one !== block) one.inert = up;
}

/** Put a segment at a place of the order, and say where it is now. */
export function moveTo(model, key, to) {
  const count = model.timeline.peek().segments.length;
  const place = Math.max(0, Math.min(count - 1, to));
  if (model.timeline.peek().segments[place]?.key === key) return;
  model.change(moveSegment(key, place), t("the move"));
  announce(t("Now {n} of {count}", { n: place + 1, count }));
}
