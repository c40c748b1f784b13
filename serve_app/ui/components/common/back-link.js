// The way back to a list, at the head of a page.
import { h } from "../../core/html.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";

/** @param {string} path @param {string} label */
export const backLink = (path, label) => h("a.icon-button.button.plain", { href: href(path), "aria-label": label, title: label }, icon("toList"));
