// One table of keys: it feeds the handlers, the dialog that `?` opens, and the tooltips.
import { onEnd, signal } from "./store.js";

/** @typedef {{keys: string[], label: string, group: string, run: (event: KeyboardEvent) => void}} Binding */

/** Everything that can be typed now. @type {ReturnType<typeof signal<Binding[]>>} */
export const bindings = signal([]);

let prefix = "";
let prefixTimer = 0;

/** Have keys work until the present scope ends. @param {Binding[]} added */
export function bind(added) {
  bindings.update((all) => [...all, ...added]);
  onEnd(() => bindings.update((all) => all.filter((one) => !added.includes(one))));
}

/** How a key is named where people read it. */
export function keyName(key) {
  const names = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", Escape: "Esc", Enter: "↵" };
  return key.split("+").map((part) => names[part] ?? part).join(" + ").replace("g ", "g then ");
}

function pressed(event) {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const mods = [];
  if (event.ctrlKey || event.metaKey) mods.push("Ctrl");
  // A sign that is made with Shift, as ?, is itself; a letter is not.
  if (event.shiftKey && (event.key.length > 1 || /[a-z]/.test(name))) mods.push("Shift");
  return [...mods, name].join("+");
}

const typing = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !/^(checkbox|radio|range|button)$/.test(target.type ?? "");

/** Whether a key is what a slider or a choice is moved by. */
const moving = (target, { key }) => /^(Arrow|Home$|End$|Page)/.test(key) && target instanceof Element && target.matches("input[type=range], input[type=radio]");

/** Listen; keys are ignored in fields and while a dialog is open. */
export function startKeys() {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const key = pressed(event);
    const everywhere = key === "Ctrl+k";
    if (!everywhere && (typing(event.target) || document.querySelector("dialog[open]"))) return;
    if (moving(event.target, event)) return;
    if ((key === " " || key === "Enter") && event.target instanceof Element && event.target.closest("button, a[href], summary, [role=slider], [role=option], input")) return;
    const sequence = prefix ? `${prefix} ${key}` : key;
    prefix = "";
    clearTimeout(prefixTimer);
    const all = bindings.peek();
    // What was added last counts: a page's keys before those of the whole.
    const found = all.findLast((one) => one.keys.includes(sequence)) ?? all.findLast((one) => one.keys.includes(key));
    if (found) {
      event.preventDefault();
      found.run(event);
    } else if (all.some((one) => one.keys.some((each) => each.startsWith(`${key} `)))) {
      prefix = key;
      prefixTimer = setTimeout(() => (prefix = ""), 1200);
    }
  });
}
