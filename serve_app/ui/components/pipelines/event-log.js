// Every event of a run, the newest at the foot, followed until somebody scrolls; items of fan-outs as squares.
import { h } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { finished } from "../../services/stages.js";
import { toast } from "../common/toast.js";
import { windowList } from "../common/window-list.js";

const EVERY = 1500;
const ROW = 26;

/** @param {() => any} run */
export function eventLog(run) {
  const id = run.peek().identifier;
  const events = signal([]);
  const filter = signal("");
  const tail = signal(true);
  let after = 0;
  let over = false;
  async function read() {
    if (over || document.hidden) return;
    try {
      const page = await api.events(id, after);
      if (page.items.length) {
        events.update((all) => [...all, ...page.items.filter((one) => one.seq > after)]);
        after = page.items.at(-1).seq;
      }
      over = page.next_cursor === null;
      if (page.items.length >= 200) read();
    } catch {
      // The next round asks again.
    }
  }
  read();
  const timer = setInterval(read, EVERY);
  effect(() => { if (!finished(run().status)) over = false; });
  const shown = () => events().filter((one) => !filter() || `${one.type} ${JSON.stringify(one.data)}`.toLowerCase().includes(filter().toLowerCase()));
  const list = windowList({ count: () => shown().length, guess: ROW, label: t("Events"), build: (index) => {
    const one = shown()[index];
    return h("div", h("span.quiet.number", new Date(one.created_at).toLocaleTimeString()), h("span.type", one.type), h("span.data", { title: JSON.stringify(one.data, null, 2) }, JSON.stringify(one.data)));
  } });
  list.element.classList.add("event-log");
  list.element.addEventListener("wheel", () => tail.set(false), { passive: true });
  effect(() => {
    events();
    filter();
    requestAnimationFrame(() => { list.reset(); if (tail.peek()) list.reveal(shown().length - 1); });
  });
  onEnd(() => { clearInterval(timer); list.end(); });
  const copy = () => navigator.clipboard?.writeText(JSON.stringify(events.peek(), null, 2)).then(() => toast(t("Copied")));
  return [() => items(events()), h("section.panel", h("div.row", h("h2.grow", t("Events")), h("input", { type: "search", placeholder: t("Filter"), "aria-label": t("Filter the events"), style: { width: "180px" }, oninput: (event) => filter.set(event.target.value) }),
    h("label.check", h("input", { type: "checkbox", checked: tail, onchange: (event) => tail.set(event.target.checked) }), t("Follow")), h("button", { onclick: copy }, t("Copy as JSON"))), list.element)];
}

/** Items of fan-outs as they stand, the failed ones first. */
function items(events) {
  const found = new Map();
  for (const event of events) {
    const item = event.type.startsWith("item.") ? (event.data.item ?? event.data.key ?? event.data.moment) : null;
    if (item) found.set(`${event.data.stage ?? ""} ${item}`, { stage: event.data.stage, status: event.type.split(".")[1], item, error: event.data.error });
  }
  if (!found.size) return null;
  const order = { failed: 0, processing: 1, pending: 2, completed: 3 };
  const all = [...found.values()].sort((a, b) => (order[a.status] ?? 9) - (order[b.status] ?? 9));
  return h("section.panel", h("h2", plural(all.length, "{n} item", "{n} items")), h("ul.items", all.map((one) => h("li", { class: `is-${one.status}`, title: `${one.stage ?? ""} ${one.item}: ${one.status}${one.error ? ` · ${one.error.message ?? one.error}` : ""}` }, h("span.sr", `${one.item}: ${one.status}`)))));
}
