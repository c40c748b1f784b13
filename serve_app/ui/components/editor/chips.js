// Effects and sounds of a segment as chips: one press puts one on, another takes it off.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { assetTitle, chooseAsset } from "./asset-choice.js";
import { effectOf } from "./film.js";
import { effectTitle, soundTitle } from "./names.js";

const MOST = 4;
const LONGEST_NAME = 100;
const SOUND_SECONDS = 3; // of an asset, which may be hours long
const MOST_SOUND_SECONDS = 30;

/** @param {() => any} segment @param {(values: any, label: string) => void} set @param {any} offers @param {() => boolean} readOnly */
export function effectChips(segment, set, offers, readOnly) {
  const effects = () => (segment().effects ?? []).map(effectOf);
  const has = (name) => effects().some((one) => one.name === name);
  const put = (next) => set({ effects: next.map(({ name, amount }) => (amount === 1 ? name : { name, amount })) }, t("the effects"));
  const toggle = (name) => put(has(name) ? effects().filter((one) => one.name !== name) : [...effects(), { name, amount: 1 }]);
  /** Why an effect cannot be put on now; null where it can. */
  const why = (name) => {
    if (has(name)) return null;
    if (effects().length >= MOST) return t("A segment has at most {n} effects.", { n: MOST });
    const against = (offers()?.contradictions ?? []).find((pair) => pair.includes(name) && has(pair.find((one) => one !== name)));
    return against ? t("It conflicts with “{name}”.", { name: effectTitle(against.find((one) => one !== name)) }) : null;
  };
  const chip = (name) => h("button.chip-button", { "aria-pressed": () => String(has(name)), "aria-disabled": () => (why(name) || readOnly() ? "true" : null), title: () => why(name), onclick: () => { if (!why(name) && !readOnly()) toggle(name); } }, () => has(name) && icon("check"), effectTitle(name));
  const amount = ({ name, amount: now }) => h("label.amount-row", h("span", effectTitle(name)), h("input", { type: "range", min: "0", max: "1", step: "0.1", value: String(now), disabled: readOnly, "aria-label": t("How strong: {name}", { name: effectTitle(name) }), onchange: (event) => put(effects().map((one) => (one.name === name ? { name, amount: Number(event.target.value) } : one))) }));
  return h("fieldset.stack.tight", h("legend", t("Effects")), h("div.chips", () => (offers()?.effects ?? []).map(chip)), () => effects().map(amount));
}

/**
 * @param {() => any} segment @param {(values: any, label: string) => void} set @param {any} offers @param {() => boolean} readOnly
 * @param {string} page the path of the page that shows the segment
 */
export function soundChips(segment, set, offers, readOnly, page) {
  const has = (name) => segment().sfx?.name === name && !segment().sfx.path;
  const put = (sfx) => set({ sfx }, t("the sound"));
  const chip = (name) => h("button.chip-button", { "aria-pressed": () => String(has(name)), disabled: readOnly, onclick: () => put(has(name) ? undefined : { name }) }, () => icon(has(name) ? "check" : "volume"), soundTitle(name));
  const path = signal(null);
  effect(() => path.set(segment().sfx?.path ?? null));
  const own = () => (path.peek() ? put(undefined) : chooseAsset(({ path: of, title }) => put({ name: title.slice(0, LONGEST_NAME), path: of, duration: SOUND_SECONDS }), page));
  const seconds = (event) => {
    const found = Number(event.target.value);
    if (found > 0 && found <= MOST_SOUND_SECONDS) put({ ...segment().sfx, duration: found });
    else event.target.value = String(segment().sfx?.duration ?? SOUND_SECONDS);
  };
  return h("fieldset.stack.tight", h("legend", t("Sound at its start")),
    h("div.chips", () => (offers()?.sounds ?? []).map(chip), h("button.chip-button", { "aria-pressed": () => String(Boolean(path())), disabled: readOnly, onclick: own }, () => path() && icon("check"), t("From a video…"))),
    () => path() && h("label.amount-row", h("span.clip-text", { dir: "auto" }, () => assetTitle(path())), h("input.number", { type: "number", min: "0.1", max: String(MOST_SOUND_SECONDS), step: "0.1", "aria-label": t("Length of the sound in seconds"), title: t("Length of the sound in seconds"), value: () => String(segment().sfx?.duration ?? SOUND_SECONDS), disabled: readOnly, onchange: seconds })));
}
