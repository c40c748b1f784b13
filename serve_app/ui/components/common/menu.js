// A button that opens a list of things to do; arrow keys walk it, a letter jumps.
import { h } from "../../core/html.js";

let number = 0;

/**
 * @param {any[]} face what the button shows
 * @param {() => any[]} items `{label, hint?, run?, href?, download?, disabled?, why?, danger?}`, or null for a line
 * @param {{class?: string, label?: string}} [look]
 */
export function menu(face, items, look = {}) {
  const id = `menu-${(number += 1)}`;
  const list = h("div.menu", { id, role: "menu", popover: "auto" });
  const button = h("button", {
    class: look.class ?? "", popovertarget: id, "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": look.label, title: look.label,
  }, face);
  const entries = () => [...list.querySelectorAll("[role=menuitem]:not([aria-disabled=true])")];
  list.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "open") return;
    list.replaceChildren(...items().map(row));
  });
  list.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place(button, list);
    entries()[0]?.focus();
  });
  list.addEventListener("keydown", (event) => {
    const all = entries();
    const at = all.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) all[(at + step + all.length) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else if (event.key === "Tab") list.hidePopover();
    else if (event.key.length === 1 && !event.ctrlKey) all.find((one) => one.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  });

  function row(item) {
    if (!item) return h("hr");
    const inside = [h("span", item.label), item.hint && h("small", item.hint)];
    const close = () => { list.hidePopover(); button.focus(); };
    if (item.href) return h("a", { role: "menuitem", tabindex: "-1", href: item.href, download: item.download ?? null, onclick: close }, inside);
    return h("button", {
      role: "menuitem", tabindex: "-1", class: item.danger ? "danger" : "", title: item.why ?? null, "aria-disabled": item.disabled ? "true" : null,
      onclick: () => { if (!item.disabled) { close(); item.run(); } },
    }, inside);
  }
  return [button, list];
}

/** Put a popover under its button, or over it where there is no room below; never beyond the window's edges. */
export function place(anchor, popover) {
  const at = anchor.getBoundingClientRect();
  const size = popover.getBoundingClientRect();
  const below = at.bottom + 6 + size.height <= innerHeight || at.top < size.height + 6;
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - size.width - 8));
  popover.style.setProperty("left", `${left}px`);
  popover.style.setProperty("top", `${below ? Math.min(at.bottom + 6, innerHeight - size.height - 8) : at.top - size.height - 6}px`);
}
