// Short messages at the edge of the page, with at most one thing to do about each.
import { announce } from "../../core/a11y.js";
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";

const SECONDS = 5;

/**
 * @param {string} text @param {{action?: [string, () => void], bad?: boolean, seconds?: number}} [more]
 * @returns {() => void} takes it away
 */
export function toast(text, { action, bad = false, seconds = SECONDS } = {}) {
  const area = document.getElementById("toasts");
  const close = () => element.remove();
  const element = h("div.toast", { class: bad ? "bad" : "" }, h("span", { dir: "auto" }, text),
    action && h("button.quiet", { onclick: () => { close(); action[1](); } }, action[0]),
    h("button.icon-button", { onclick: close, "aria-label": t("Dismiss") }, icon("close")));
  area.append(element);
  announce(text);
  let timer = setTimeout(close, seconds * 1000);
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => (timer = setTimeout(close, 2000)));
  return close;
}

/** Say that something failed. @param {any} error */
export const toastError = (error) => {
  if (error?.name !== "AbortError") toast(error?.message ?? String(error), { bad: true, seconds: 9 });
};

/** Do something that may fail, and say why where it does. @param {() => Promise<any>} work */
export const tried = (work) => work().catch(toastError);
