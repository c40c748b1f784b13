// The captions of the chosen segment, written in place: what they say, when, and how they look.
import { each, h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { clock, parseClock } from "../../core/time.js";
import { may } from "../../services/session.js";
import { emptyState } from "../common/empty-state.js";
import { addCaption, changeCaption, changeSegment, removeCaption, wordsFor } from "./changes.js";
import { captionsOf, plays, shownAt } from "./film.js";
import { POSITIONS, STYLES, options } from "./names.js";

const LONGEST = 500;

/** @param {import("./model.js").Editor} model */
export function captionsPanel(model) {
  const readOnly = () => !may("write");
  const segment = () => model.segment();
  const list = () => (segment() ? captionsOf(model.timeline(), segment()) : []);
  const none = () => segment()?.captions?.length === 0;
  const add = () => {
    const one = segment();
    const found = shownAt(model.items(), model.film.time.peek());
    const at = found?.item.key === one.key && plays(one, found.source) ? found.source : one.start;
    model.change(addCaption(one, at, t("New caption")), t("the new caption")).then(() => {
      const place = list().find(({ caption }) => caption.start >= at - 0.002 && caption.text === t("New caption"));
      if (place) focus(place);
    });
  };
  const rows = each(list, ({ own, index }) => `${segment()?.key} ${own} ${index}`, (item) => row(model, item, readOnly));
  const has = signal(false);
  effect(() => has.set(Boolean(segment())));
  const element = h("section.stack.captions-panel",
    h("label", t("Look of all captions"), h("select", { disabled: readOnly, value: () => model.timeline().caption_style, onchange: (event) => model.change((timeline) => ({ ...timeline, caption_style: event.target.value }), t("the look of the captions")) }, options(STYLES, h, model.timeline.peek().caption_style))),
    () => has() ? h("div.stack.tight",
      h("div.row", h("strong.grow.clip-text", { dir: "auto" }, () => segment()?.name), h("label.check.small", h("input", { type: "checkbox", checked: () => !none(), disabled: readOnly, onchange: (event) => model.change(changeSegment(segment().key, { captions: event.target.checked ? undefined : [] }), t("captions on or off")) }), t("Draw captions")),
        h("button", { onclick: add, disabled: () => readOnly() || none() }, icon("add"), t("Caption here"))),
      h("div.stack.tight", rows), () => !list().length && !none() && h("p.quiet.small", t("Nothing is said here, or nothing is written. “Caption here” begins one at the playhead."))) :
      emptyState({ icon: "captions", title: t("No segment selected"), text: t("Captions are those of the selected segment.") }));
  const focus = ({ own, index }) => requestAnimationFrame(() => {
    const field = element.querySelector(`[data-caption="${own} ${index}"] textarea`);
    field?.focus();
    field?.select();
  });
  return { element, focus, add };
}

function row(model, item, readOnly) {
  const [typed, wrong] = [signal(null), signal(null)];
  const caption = () => item().caption;
  const change = (values, label) => model.change(changeCaption(model.segment().key, item.peek(), values), label);
  const write = async (text) => {
    if (text === caption().text) return typed.set(null);
    typed.set(text);
    if (!text.trim()) return wrong.set({ message: t("Write something, or remove the caption.") });
    // What was typed stays where it is refused, with the reason under it.
    const kept = await change({ text: text.trim(), words: wordsFor(caption(), text) }, t("the text of a caption"));
    wrong.set(kept ? null : (model.refused.peek()?.error ?? null));
    if (kept) typed.set(null);
  };
  const time = (end, label) => h("input.number", { value: () => clock(caption()[end], true), inputmode: "decimal", "aria-label": label, title: label, disabled: readOnly, onchange: (event) => {
    const at = parseClock(event.target.value);
    if (at === null || (end === "start" ? at >= caption().end : at <= caption().start)) event.target.value = clock(caption()[end], true);
    else change({ [end]: at }, t("the time of a caption"));
  } });
  const choice = (name, titles, label, first) => h("select", { "aria-label": label, title: label, disabled: readOnly, value: () => caption()[name] ?? "", onchange: (event) => change({ [name]: event.target.value || undefined }, t("the look of a caption")) }, h("option", { value: "" }, first), options(titles, h, caption()[name]));
  return h("div.caption-row", { "data-caption": () => `${item().own} ${item().index}` },
    h("textarea", { rows: "2", maxlength: String(LONGEST), dir: "auto", "aria-label": t("Caption text"), "aria-invalid": () => String(Boolean(wrong())), value: () => typed() ?? caption().text, disabled: readOnly,
      onblur: (event) => write(event.target.value), onkeydown: (event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); event.target.blur(); } if (event.key === "Escape") { event.target.value = caption().text; wrong.set(null); event.target.blur(); } } }),
    () => wrong() && h("p.bad.small", { role: "alert", dir: "auto" }, wrong().message),
    h("div.caption-tools", time("start", t("Begins at")), time("end", t("Ends at")), choice("style", STYLES, t("Look"), t("as all")), choice("position", POSITIONS, t("Place"), t("as the look")),
      h("button.icon-button", { "aria-label": t("Remove the caption"), title: t("Remove the caption"), disabled: readOnly, onclick: () => model.change(removeCaption(model.segment().key, item.peek()), t("the removed caption")) }, icon("delete"))));
}
