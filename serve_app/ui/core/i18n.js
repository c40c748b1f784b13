// Words in the reader's language. The English sentence is the key: a locale that lacks one shows English.
import { signal } from "./store.js";

const KEPT = "moments.language";
export const LANGUAGES = { en: "English", de: "Deutsch" };

/** @type {Record<string, string | Record<string, string>>} */
let sentences = {};
export const language = signal("en");

/** Load the language that was chosen, or else the browser's where there is one. */
export async function loadLanguage() {
  const wanted = localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
  const code = wanted in LANGUAGES ? wanted : "en";
  if (code !== "en") {
    const answer = await fetch(new URL(`../locale/${code}.json`, import.meta.url));
    if (answer.ok) sentences = await answer.json();
  }
  document.documentElement.lang = code;
  language.set(code);
}

/** Choose a language; the page is loaded again, so that nothing of the old one stays. */
export function chooseLanguage(code) {
  localStorage.setItem(KEPT, code);
  location.reload();
}

/** Translate a sentence, with `{name}` filled in. @param {string} text @param {Record<string, any>} [values] */
export function t(text, values) {
  const found = sentences[text];
  return fillIn(typeof found === "string" ? found : text, values);
}

/** Translate by number: `plural(2, "{n} moment", "{n} moments")`. */
export function plural(n, one, other, values) {
  const rule = new Intl.PluralRules(language()).select(n);
  const found = sentences[other];
  const text = found && typeof found === "object" ? (found[rule] ?? found.other) : n === 1 ? one : other;
  return fillIn(text, { n: number(n), ...values });
}

function fillIn(text, values) {
  return values ? text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all)) : text;
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language.peek(), { maximumFractionDigits: digits }).format(value);
export const percent = (share) => new Intl.NumberFormat(language.peek(), { style: "percent" }).format(Math.floor(share * 100) / 100);
export const date = (text) =>
  new Intl.DateTimeFormat(language.peek(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));
/** To the second. */
export const timeOfDay = (text) => new Intl.DateTimeFormat(language.peek(), { timeStyle: "medium" }).format(new Date(text));

const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** "3 minutes ago". */
export function ago(text) {
  const seconds = (Date.now() - new Date(text).getTime()) / 1000;
  const [unit, size] = UNITS.find(([, each]) => seconds >= each) ?? ["second", 1];
  if (unit === "second") return t("just now");
  return new Intl.RelativeTimeFormat(language.peek(), { numeric: "auto" }).format(-Math.floor(seconds / size), unit);
}

/** "12.4 MB", "0 bytes". */
export function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** power;
  return new Intl.NumberFormat(language.peek(), {
    style: "unit", unit: units[power], unitDisplay: power ? "short" : "long", maximumFractionDigits: value < 10 && power ? 1 : 0,
  }).format(value);
}
