// The part of the picture that a film's shape leaves, as a frame on the picture that can be moved.
import { h } from "../../core/html.js";
import { percent, t } from "../../core/i18n.js";
import { effect, signal } from "../../core/store.js";
import { may } from "../../services/session.js";
import { changeSegment } from "./changes.js";
import { effectOf } from "./film.js";

const STEP = 0.02;
const RATIOS = { vertical: 9 / 16, square: 1, wide: 16 / 9 };
const PLACES = { auto: 0.5, center: 0.5, left: 0, right: 1 };
const WHOLE = ["blur_background", "letterbox"];

/** @param {import("./model.js").Editor} model */
export function cropFrame(model) {
  const held = signal(null);
  const ratio = () => (model.video().width || 16) / (model.video().height || 9);
  const share = () => Math.min(1, (RATIOS[model.timeline().aspect] ?? ratio()) / ratio());
  /** The segment that is chosen where it is seen, else the one that is seen. */
  const segment = () => model.film.item()?.segment ?? null;
  const focus = () => held() ?? (typeof segment()?.crop === "object" ? segment().crop.x : PLACES[segment()?.crop ?? "auto"]);
  const left = () => Math.max(0, Math.min(1 - share(), focus() - share() / 2));
  const shown = () => segment() && share() < 0.99 && !(segment().effects ?? []).some((effect) => WHOLE.includes(effectOf(effect).name));
  const put = (x) => {
    const one = segment();
    const at = Math.round(Math.max(share() / 2, Math.min(1 - share() / 2, x)) * 1000) / 1000;
    held.set(at);
    model.change(changeSegment(one.key, { crop: { x: at } }), t("the cut of the picture")).then(() => held.set(null));
  };
  const area = h("div.crop-picture", { style: () => ({ "--ratio": String(ratio()) }) });
  const grab = (event) => {
    if (event.button || !may("write")) return;
    event.preventDefault();
    event.stopPropagation();
    const frame = event.currentTarget;
    const from = focus();
    frame.setPointerCapture(event.pointerId);
    const move = (now) => held.set(Math.max(share() / 2, Math.min(1 - share() / 2, from + (now.clientX - event.clientX) / area.clientWidth)));
    frame.addEventListener("pointermove", move);
    const stop = (keep) => {
      frame.removeEventListener("pointermove", move);
      if (keep && held.peek() !== null && Math.abs(held.peek() - from) > 0.002) put(held.peek());
      else held.set(null);
    };
    frame.addEventListener("pointerup", () => stop(true), { once: true });
    frame.addEventListener("pointercancel", () => stop(false), { once: true });
  };
  const byKey = (event) => {
    const to = { ArrowLeft: focus() - STEP, ArrowRight: focus() + STEP, Home: 0, End: 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    put(to);
  };
  area.append(h("div.crop-frame", {
    role: "slider", tabindex: "0", "aria-label": t("Part of the picture that is kept"), "aria-valuemin": "0", "aria-valuemax": "100",
    "aria-valuenow": () => String(Math.round(focus() * 100)), "aria-valuetext": () => t("{share} from the left", { share: percent(focus()) }), title: t("Drag it, or use the arrow keys"),
    class: () => (typeof segment()?.crop === "object" || held() !== null ? "by-hand" : ""), hidden: () => !shown(),
    style: () => ({ left: `${left() * 100}%`, width: `${share() * 100}%` }), onpointerdown: grab, onkeydown: byKey,
  }, h("span.crop-grip", { "aria-hidden": "true" })));
  effect(() => { model.film.current(); held.set(null); });
  return h("div.crop-area", area);
}
