// What is known of something: names, and a value under each.
import { h } from "../../core/html.js";

/** A name with what is known; nothing where that is not known. A function follows the signals that it reads. */
export function fact(label, value) {
  if (typeof value === "function") return () => fact(label, value());
  const known = value !== null && value !== undefined && value !== "" && value !== false;
  return known && h("div", h("dt", label), h("dd", { dir: "auto" }, value));
}

/** @param {...any} entries each by `fact` */
export const facts = (...entries) => h("dl.facts", entries);
