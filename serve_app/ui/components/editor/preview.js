// One picture of the film as a render would show it: asked for when the playhead rests, one at a time.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { api } from "../../services/api.js";

const SETTLE = 120;
const SHAPES = { vertical: "9 / 16", square: "1 / 1", wide: "16 / 9" };

/** The shape of a film as CSS says it. */
export const shapeOf = (timeline, video) => SHAPES[timeline.aspect] ?? `${video.width || 16} / ${video.height || 9}`;

/** @param {import("./model.js").Editor} model */
export function buildPreview(model) {
  const [picture, error, asking] = [signal(null), signal(null), signal(false)];
  let [wanted, timer, over] = [null, 0, false];
  const show = (blob) => {
    const old = picture.peek();
    picture.set(blob && URL.createObjectURL(blob));
    if (old) setTimeout(() => URL.revokeObjectURL(old), 1000);
  };
  async function ask() {
    if (asking.peek() || over) return;
    asking.set(true);
    while (wanted !== null && !over) {
      const at = wanted;
      wanted = null;
      try {
        const blob = await api.filmFrame(model.project.peek().id, at);
        if (over) return;
        show(blob);
        error.set(null);
      } catch (problem) {
        error.set(problem);
      }
    }
    asking.set(false);
  }
  // A picture is of the time line that is saved: each version, and each place where the playhead rests, has its own.
  const ready = () => model.saved().segments.length > 0 && model.video().status === "ready";
  effect(() => {
    const at = model.film.time();
    if (!ready() || model.player.playing() || model.saving() || model.draft()) return;
    clearTimeout(timer);
    timer = setTimeout(() => { wanted = at; ask(); }, SETTLE);
  });
  onEnd(() => { over = true; clearTimeout(timer); show(null); });

  return h("figure.composed", { class: () => (asking() ? "asking" : ""), style: () => ({ "aspect-ratio": shapeOf(model.timeline(), model.video()) }) },
    () => (picture() ? h("img", { src: picture(), alt: t("The film as it will be, at {time}", { time: clock(model.film.time.peek(), true) }), draggable: "false" }) : h("span.poster-empty", icon("film"))),
    () => error() && h("p.composed-error.small", { role: "status", dir: "auto" }, icon("warning"), error().message),
    h("figcaption", () => (model.player.playing() ? t("Updated when paused") : t("Result"))));
}
