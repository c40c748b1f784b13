// What can be asked of a run, folded away until it is wanted; the last answers are remembered.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { signal } from "../../core/store.js";
import { clock, parseClock } from "../../core/time.js";
import { api } from "../../services/api.js";
import { prefer, preferences } from "../../services/preferences.js";

const PRESETS = [["source", () => t("As it is")], ["web", () => t("Plays anywhere")], ["vertical", () => t("For phones")]];
const PRIORITIES = [[2, () => t("Low")], [5, () => t("Normal")], [8, () => t("High")]];
const REMEMBERED = ["count", "min_seconds", "max_seconds", "preset", "burn_captions", "generation_model", "refinement_model", "transcriber", "priority"];

export function optionsForm() {
  const values = signal({ preset: "source", priority: 5, ...preferences.peek().options });
  const errors = signal({});
  const models = signal([]);
  api.options().then((found) => models.set([...found.models.filter((one) => one.kind === "llm"), ...found.transcribers.map((key) => ({ key, kind: "asr" }))]), () => {});
  const set = (name, value) => values.update((old) => ({ ...old, [name]: value }));
  const now = (name) => () => values()[name] ?? "";
  const field = (name, label, more = {}, hint = "") => h("label", label,
    h("input", { value: now(name), "aria-invalid": () => String(Boolean(errors()[name])), oninput: (event) => set(name, event.target.value), ...more }),
    h("small", { class: () => (errors()[name] ? "bad" : "") }, () => errors()[name] ?? hint));
  const choose = (name, label, kinds, first) => h("label", label, h("select", { onchange: (event) => set(name, event.target.value) }, () => [
    h("option", { value: "" }, first), ...models().filter((one) => kinds.includes(one.kind)).map((one) => h("option", { value: one.key, selected: values.peek()[name] === one.key }, `${one.key}${one.supports_video ? ` · ${t("watches video")}` : ""}`))]));
  const preset = ([key, label]) => h("label.preset", h("input", { type: "radio", name: "preset", value: key, checked: () => values().preset === key, onchange: () => set("preset", key) }), h("span.frame", { class: key === "vertical" ? "vertical" : "" }), label());
  const element = h("div.panel", h("details.options", { open: Boolean(preferences.peek().options) }, h("summary", t("Options: what to look for, how clips are cut")), h("div.options-body",
    h("div.fields", field("prompt", t("What to look for"), { placeholder: t("surprising facts") }, t("In your own words; a model reads it.")), field("topic", t("Topic"), { placeholder: t("bread") })),
    h("div.fields", field("count", t("Moments at most"), { type: "number", min: "1", max: "100", inputmode: "numeric" }, t("Empty: about one a minute")), field("min_seconds", t("Shortest in seconds"), { type: "number", min: "1", step: "any" }), field("max_seconds", t("Longest in seconds"), { type: "number", min: "1", step: "any" }), field("from", t("Only from"), { placeholder: "0:00" }), field("to", t("Only up to"), { placeholder: "10:00" })),
    h("fieldset", h("legend", t("Clips")), h("div.presets", PRESETS.map(preset)), h("label.check", h("input", { type: "checkbox", checked: () => Boolean(values().burn_captions), onchange: (event) => set("burn_captions", event.target.checked) }), t("Burn captions into the picture"))),
    h("div.fields", choose("generation_model", t("Finds moments"), ["llm"], t("The default")), choose("refinement_model", t("Refines edges"), ["llm"], t("The default")), choose("transcriber", t("Transcribes"), ["asr"], t("The best available"))),
    h("div.fields", h("fieldset", h("legend", t("Priority")), h("div.segmented", { role: "group" }, PRIORITIES.map(([value, label]) => h("button", { type: "button", "aria-pressed": () => String(Number(values().priority) === value), onclick: () => set("priority", value) }, label())))), field("webhook", t("Webhook"), { type: "url", placeholder: "https://…" }, t("Notified when it ends"))))));

  /** What is wrong is said beside its field. */
  function check() {
    const { min_seconds: least, max_seconds: most, from, to, count } = values.peek();
    const wrong = {};
    if (least && most && Number(least) > Number(most)) wrong.max_seconds = t("Not shorter than the shortest.");
    if (count && !(Number(count) >= 1 && Number(count) <= 100)) wrong.count = t("From 1 to 100");
    if (from && parseClock(from) === null) wrong.from = t("For example 1:30");
    if (to && parseClock(to) === null) wrong.to = t("For example 1:30");
    if (from && to && !wrong.from && !wrong.to && parseClock(from) >= parseClock(to)) wrong.to = t("Later than the start");
    errors.set(wrong);
    if (!Object.keys(wrong).length) return true;
    element.querySelector("details").open = true;
    requestAnimationFrame(() => element.querySelector("[aria-invalid=true]")?.focus());
    return false;
  }

  function read() {
    const { from, to, count, min_seconds: least, max_seconds: most, priority, ...rest } = values.peek();
    const asked = { priority: Number(priority ?? 5) };
    for (const [name, value] of Object.entries({ count, min_seconds: least, max_seconds: most })) if (value) asked[name] = Number(value);
    for (const name of ["prompt", "topic", "preset", "burn_captions", "generation_model", "refinement_model", "transcriber", "webhook"]) if (rest[name]) asked[name] = rest[name];
    if (from || to) asked.time_range = [parseClock(from || "0"), to ? parseClock(to) : 86400];
    return asked;
  }

  return {
    element, check, values: read,
    fill: (asked) => {
      const given = Object.fromEntries(["prompt", "topic", "count", "min_seconds", "max_seconds", "preset", "burn_captions", "generation_model", "refinement_model", "transcriber"].filter((name) => asked[name] !== null && asked[name] !== undefined).map((name) => [name, asked[name]]));
      if (Array.isArray(asked.time_range)) Object.assign(given, { from: clock(asked.time_range[0]), to: clock(asked.time_range[1]) });
      values.update((old) => ({ ...old, ...given }));
    },
    remember: () => prefer({ options: Object.fromEntries(REMEMBERED.filter((name) => values.peek()[name]).map((name) => [name, values.peek()[name]])) }),
  };
}
