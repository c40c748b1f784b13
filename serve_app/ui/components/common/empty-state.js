// What is shown where there is nothing: why, and what to do about it.
import { h } from "../../core/html.js";
import { icon } from "../../core/icons.js";

/** @param {{icon: string, title: string, text?: string}} what @param {...any} actions */
export function emptyState({ icon: name, title, text }, ...actions) {
  return h("div.empty", h("div.empty-icon", icon(name)), h("h2", title), text && h("p", text),
    actions.length > 0 && h("div.actions", actions));
}
