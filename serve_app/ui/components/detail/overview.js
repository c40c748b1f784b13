// The whole of a time line in one thin strip: what is in it, where we are, and what part is shown below.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { clock } from "../../core/time.js";
import { smallPicture } from "../common/storyboard.js";
import { scrub } from "./scale.js";

/**
 * @param {ReturnType<import("./scale.js").buildScale>} scale
 * @param {{video: string, now: () => number, seek: (time: number, how: {drag: boolean}) => void, marks: () => {tone: number, start: number, end: number}[], source?: (time: number) => number}} what
 *   `source`: which time of the video is shown at a time of this line, where they are not the same
 */
export function buildOverview({ view, whole, put }, { video, now, seek, marks, source = (time) => time }) {
  const share = (time) => `${(100 * time) / whole()}%`;
  const hovered = smallPicture(video);
  const element = h("div.overview", { role: "slider", tabindex: "0", "aria-label": t("Part that is shown"), "aria-valuemin": "0", "aria-valuemax": () => String(Math.round(whole())), "aria-valuenow": () => String(Math.round(view().from)), "aria-valuetext": () => `${clock(view().from)} – ${clock(view().to)}` },
    () => marks().map((one) => h("span.mark", { class: `tone${one.tone}`, style: { left: share(one.start), width: share(one.end - one.start) } })),
    h("span.now", { style: () => ({ transform: `translateX(${share(now())})` }) }),
    h("span.viewport", { hidden: () => view().to - view().from >= whole() - 0.01, style: () => ({ left: share(view().from), width: share(view().to - view().from) }) }));
  element.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    hovered.element.style.setProperty("left", share(at(event.clientX)));
    hovered.show(source(at(event.clientX)));
  });
  element.addEventListener("pointerleave", hovered.hide);
  const at = (clientX) => {
    const box = element.getBoundingClientRect();
    return ((clientX - box.left) / box.width) * whole();
  };
  element.addEventListener("pointerdown", (event) => scrub(event, element, (clientX) => {
    const { from, to } = view.peek();
    if (to - from < whole() - 0.01) put(at(clientX) - (to - from) / 2, to - from);
    seek(at(clientX), { drag: true });
  }));
  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.25, ArrowRight: 0.25 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const { from, to } = view.peek();
    put(from + (to - from) * step, to - from);
  });
  return h("div.overview-box", element, hovered.element);
}
