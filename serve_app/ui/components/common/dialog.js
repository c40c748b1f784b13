// Questions over the page; the browser's own <dialog> keeps focus in and Escape working.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { scope } from "../../core/store.js";

/**
 * Show a dialog and resolve to what `close(value)` was called with; undefined where it was left.
 * @param {string} title @param {(close: (value?: any) => void) => any} build
 * @param {{wide?: boolean}} [look]
 */
export function dialog(title, build, { wide = false } = {}) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    let value;
    const close = (given) => {
      value = given;
      element.close();
    };
    const [element, end] = scope(() =>
      h("dialog", { class: wide ? "wide" : "", "aria-label": title },
        h("header", h("h2", title), h("button.icon-button", { onclick: () => close(), "aria-label": t("Close") }, icon("close"))),
        build(close)));
    element.addEventListener("close", () => {
      end();
      element.remove();
      before?.focus?.();
      resolve(value);
    });
    element.addEventListener("click", (event) => event.target === element && close());
    document.body.append(element);
    element.showModal();
    element.querySelector("[autofocus]")?.focus();
  });
}

/**
 * Ask before something that cannot be taken back; with `typed` the word has to be typed.
 * @param {{title: string, text: string, action: string, typed?: string}} asked @returns {Promise<boolean>}
 */
export async function confirm({ title, text, action, typed }) {
  const said = await dialog(title, (close) => {
    const button = h("button.danger", { type: "submit", disabled: Boolean(typed), autofocus: !typed }, action);
    const field = typed && h("label", t("Type {word} to go on", { word: typed }),
      h("input", { autofocus: true, autocomplete: "off", oninput: (event) => (button.disabled = event.target.value !== typed) }));
    return h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); close(true); } },
      h("p", text), field, h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Keep it")), button));
  });
  return said === true;
}
