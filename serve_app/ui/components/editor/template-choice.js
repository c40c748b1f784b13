// The ways in which a time line is made of a video.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";

const TEMPLATES = {
  realistic_chaos: [() => t("Realistic chaos"), () => t("Cuts at sentences, shots and beats, without silences; effects by how lively a part is.")],
  clean: [() => t("Clean"), () => t("Takes out silences, nothing else.")],
  beat_cut: [() => t("Beat cut"), () => t("Cuts on every fourth beat.")],
  podcast: [() => t("Podcast"), () => t("Takes out long pauses; captions are lines.")],
  highlights: [() => t("Highlights"), () => t("Plays the moments that were found.")],
};

/** Choose a template and its number. @param {any} asked a signal of `{template, seed}` */
export function templateChoice(asked) {
  const set = (name, value) => asked.update((old) => ({ ...old, [name]: value }));
  return h("fieldset.stack", h("legend", t("Template")),
    h("div.template-list", Object.entries(TEMPLATES).map(([name, [title, text]]) => h("label.template", h("input", { type: "radio", name: "template", value: name, checked: () => asked().template === name, onchange: () => set("template", name) }), h("span", h("strong", title()), h("small", text()))))),
    h("label", t("Seed"), h("input", { type: "number", min: "0", max: "2147483647", value: String(asked.peek().seed), oninput: (event) => set("seed", Math.max(0, Math.floor(Number(event.target.value)) || 0)) }), h("small", t("The same seed makes the same timeline."))));
}
