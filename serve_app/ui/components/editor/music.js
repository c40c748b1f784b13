// The music under a film: a bed that is played here, or the sound of an asset; how loud, and whether it makes room.
import { h } from "../../core/html.js";
import { percent, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { may } from "../../services/session.js";
import { assetTitle, chooseAsset } from "./asset-choice.js";
import { BEDS, options } from "./names.js";

const OWN = "own";
const LOUDEST = 2;
/** The music of a timeline by its name: empty for none. */
const bedOf = ({ music }) => (music ? (music.name ?? OWN) : "");

/** The field that chooses it, and what there is to set once it is chosen. @param {import("./model.js").Editor} model */
export function musicFields(model) {
  const music = () => model.timeline().music;
  const wrong = signal(null);
  const readOnly = () => !may("write");
  const set = async (next) => {
    const kept = await model.change((timeline) => ({ ...timeline, music: next && { ...timeline.music, ...next } }), t("the music"));
    wrong.set(kept ? null : model.refused.peek()?.error ?? null);
  };
  const own = () => chooseAsset(({ path }) => set({ name: undefined, path }), `/projects/${model.project.peek().id}`);
  const chosen = (event) => {
    const { value } = event.target;
    if (value !== OWN) return set(value ? { name: value, path: undefined } : null);
    event.target.value = bedOf(model.timeline.peek()); // until a sound is chosen
    own();
  };
  const field = h("label.small", t("Music"), h("select", { disabled: readOnly, value: () => bedOf(model.timeline()), onchange: chosen },
    h("option", { value: "" }, t("None")), options(BEDS, h, bedOf(model.timeline.peek())), h("option", { value: OWN, selected: bedOf(model.timeline.peek()) === OWN }, t("Sound of a video…"))));
  // What is under a hand is not built anew by what it changes.
  const [some, path] = [signal(false), signal(null)];
  effect(() => { some.set(Boolean(music())); path.set(music()?.path ?? null); });
  const more = () => some() && h("div.stack.tight.music",
    () => path() && h("div.row.small", icon("volume"), h("span.grow.clip-text", { dir: "auto" }, () => assetTitle(path())), h("button.quiet.small", { disabled: readOnly, onclick: own }, t("Another…"))),
    h("label.amount-row", h("span", () => t("Volume: {share}", { share: percent(music()?.volume ?? 1) })), h("input", { type: "range", min: "0.1", max: String(LOUDEST), step: "0.1", "aria-label": t("Music volume"), value: () => String(music()?.volume ?? 1), disabled: readOnly, onchange: (event) => set({ volume: Number(event.target.value) }) })),
    h("label.check.small", h("input", { type: "checkbox", checked: () => music()?.duck ?? true, disabled: readOnly, onchange: (event) => set({ duck: event.target.checked }) }), t("Lower while somebody speaks")));
  const refused = () => wrong() && h("p.bad.small", { role: "alert", dir: "auto" }, wrong().message);
  return { field, more: [more, refused] };
}
