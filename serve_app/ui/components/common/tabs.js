// Tabs after the pattern that screen readers know: arrows walk them, one panel is shown.
import { h } from "../../core/html.js";
import { onEnd, scope, signal } from "../../core/store.js";

/**
 * @param {{key: string, label: any, build: () => any}[]} all a tab is built when it is first shown
 * @param {string} first @param {(key: string) => void} [changed] @param {string} [label]
 */
export function tabs(all, first, changed, label = "") {
  const chosen = signal(all.some((one) => one.key === first) ? first : all[0].key);
  const choose = (key) => { chosen.set(key); changed?.(key); };
  const walk = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = all.findIndex((one) => one.key === chosen.peek());
    const next = all[(at + step + all.length) % all.length];
    choose(next.key);
    requestAnimationFrame(() => bar.querySelector("[aria-selected=true]")?.focus());
  };
  const bar = h("div.tabs", { role: "tablist", "aria-label": label, onkeydown: walk }, all.map((one) =>
    h("button", {
      role: "tab", id: `tab-${one.key}`, "aria-controls": `panel-${one.key}`, onclick: () => choose(one.key),
      "aria-selected": () => String(chosen() === one.key), tabindex: () => (chosen() === one.key ? "0" : "-1"),
    }, one.label)));
  const panels = all.map((one) =>
    h("div.tab-panel", { role: "tabpanel", id: `panel-${one.key}`, "aria-labelledby": `tab-${one.key}`, hidden: () => chosen() !== one.key }, lazily(one)));
  function lazily(one) {
    let end = () => {};
    onEnd(() => end());
    // Built once, in a scope that the effect which notices the choice does not end.
    let content = null;
    return () => {
      if (!content && chosen() === one.key) [content, end] = scope(one.build);
      return content;
    };
  }
  return { element: h("div.tabbed", bar, panels), choose, chosen };
}
