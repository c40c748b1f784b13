// The segment that is chosen: its name, its edges, and what is done with its picture and sound.
import { h } from "../../core/html.js";
import { number, percent, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { clock, length, parseClock } from "../../core/time.js";
import { effect, signal } from "../../core/store.js";
import { may } from "../../services/session.js";
import { toast } from "../common/toast.js";
import { emptyState } from "../common/empty-state.js";
import { changeSegment, removeSegment } from "./changes.js";
import { effectChips, soundChips } from "./chips.js";
import { lengthOf } from "./film.js";
import { TRANSITIONS, options } from "./names.js";
import { moveTo } from "./reorder.js";
import { split } from "./split.js";
import { warningsOf } from "./warnings.js";

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4];
const CROPS = { auto: () => t("by itself"), center: () => t("the middle"), left: () => t("the left"), right: () => t("the right") };

/** @param {import("./model.js").Editor} model @param {any} offers effects and sounds that there are */
export function segmentPanel(model, offers) {
  const key = signal(null);
  effect(() => key.set(model.segment()?.key ?? null));
  return h("section.stack", () => (key() ? panel(model, key(), offers) : emptyState({ icon: "cut", title: t("No segment selected"), text: t("Click a block of the timeline, or press [ and ].") })));
}

function panel(model, key, offers) {
  const segment = () => model.timeline().segments.find((one) => one.key === key) ?? { name: "", start: 0, end: 1 };
  const index = () => model.timeline().segments.findIndex((one) => one.key === key);
  const readOnly = () => !may("write");
  const set = (values, label) => model.change(changeSegment(key, values), label);
  const edge = (end, label) => h("label", label, h("input.number", { value: () => clock(segment()[end], true), inputmode: "decimal", disabled: readOnly, onchange: (event) => {
    const time = parseClock(event.target.value);
    const fits = time !== null && (end === "start" ? time < segment().end : time > segment().start);
    if (!fits) { event.target.value = clock(segment()[end], true); return toast(t("Give a time as 1:02.5, between the other edge and the video's."), { bad: true }); }
    if (Math.abs(time - segment()[end]) > 0.04) set({ [end]: time }, t("the moved edge"));
  } }));
  const tool = (name, label, run, more = {}) => h("button.icon-button", { "aria-label": label, title: label, onclick: run, disabled: readOnly, ...more }, icon(name));
  return h("div.stack.segment-panel",
    h("div.row", h("strong.number.small.quiet", () => t("{n} of {count}", { n: index() + 1, count: model.timeline().segments.length })), h("span.small.quiet.number", () => length(lengthOf(segment()))), h("span.grow"),
      tool("back", t("Earlier in the film"), () => moveTo(model, key, index() - 1)), tool("forward", t("Later in the film"), () => moveTo(model, key, index() + 1)),
      tool("cut", t("Split at the playhead"), () => split(model)), tool("delete", t("Remove it"), () => model.change(removeSegment(key), t("the deletion")))),
    () => warningsOf(model, index()),
    h("label", t("Name"), h("input", { value: () => segment().name, maxlength: "100", dir: "auto", disabled: readOnly, onchange: (event) => { const name = event.target.value.trim(); if (name) set({ name }, t("the new name")); else event.target.value = segment().name; } })),
    h("div.fields.pair", edge("start", t("From")), edge("end", t("To"))),
    () => index() > 0 && h("label", t("Transition from the segment before"), h("select", { disabled: readOnly, value: () => segment().transition?.name ?? "", onchange: (event) => set({ transition: event.target.value ? { ...segment().transition, name: event.target.value } : undefined }, t("the transition")) },
      h("option", { value: "" }, t("Cut")), options(TRANSITIONS, h, segment().transition?.name))),
    effectChips(segment, set, offers, readOnly),
    soundChips(segment, set, offers, readOnly, `/projects/${model.project.peek().id}`),
    h("div.fields.pair",
      h("label", t("Speed"), h("select", { disabled: readOnly, value: () => String(segment().speed ?? 1), onchange: (event) => set({ speed: Number(event.target.value) }, t("the speed")) }, SPEEDS.map((one) => h("option", { value: String(one), selected: one === (segment().speed ?? 1) }, `${number(one, 2)}×`)))),
      h("label", t("Part of the picture"), h("select", { disabled: readOnly, value: () => (typeof segment().crop === "object" ? "hand" : (segment().crop ?? "auto")), onchange: (event) => event.target.value !== "hand" && set({ crop: event.target.value }, t("the cut of the picture")) },
        Object.entries(CROPS).map(([value, title]) => h("option", { value, selected: value === (segment().crop ?? "auto") }, title())), h("option", { value: "hand", disabled: () => typeof segment().crop !== "object", selected: typeof segment().crop === "object" }, t("by hand, on the picture"))))),
    h("label", () => t("Loudness of its own sound: {share}", { share: percent(segment().volume ?? 1) }), h("input", { type: "range", min: "0", max: "2", step: "0.1", value: () => String(segment().volume ?? 1), disabled: readOnly, onchange: (event) => set({ volume: Number(event.target.value) }, t("the loudness")) })));
}
