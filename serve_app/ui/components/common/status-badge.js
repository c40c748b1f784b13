// Where something stands: a shape, a colour and a word.
import { h } from "../../core/html.js";
import { statusTitle } from "../../services/stages.js";

/** @param {string} status */
export function statusBadge(status) {
  return h(`span.badge.is-${status}`, h("span.dot", { "aria-hidden": "true" }), statusTitle(status));
}
