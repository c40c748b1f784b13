// Every event of a run, the newest at the foot, followed until somebody scrolls.
import { h } from "../../core/html.js";
import { t, timeOfDay } from "../../core/i18n.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { finished } from "../../services/stages.js";
import { toast } from "../common/toast.js";
import { windowList } from "../common/window-list.js";
import { items } from "./items.js";

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
  let shown = [];
  const list = windowList({ count: () => shown.length, guess: ROW, label: t("Events"), build: (index) => {
    const one = shown[index];
    return h("div", h("span.quiet.number", timeOfDay(one.created_at)), h("span.type", one.type), h("span.data", { title: JSON.stringify(one.data, null, 2) }, JSON.stringify(one.data)));
  } });
  list.element.classList.add("event-log");
  list.element.addEventListener("wheel", () => tail.set(false), { passive: true });
  effect(() => {
    const wanted = filter().toLowerCase();
    shown = events().filter((one) => !wanted || `${one.type} ${JSON.stringify(one.data)}`.toLowerCase().includes(wanted));
    requestAnimationFrame(() => { list.reset(); if (tail.peek()) list.reveal(shown.length - 1); });
  });
  onEnd(() => { clearInterval(timer); list.end(); });
  const copy = () => navigator.clipboard?.writeText(JSON.stringify(events.peek(), null, 2)).then(() => toast(t("Copied")));
  return [items(events), h("section.panel", h("div.row", h("h2.grow", t("Events")), h("input", { type: "search", placeholder: t("Filter"), "aria-label": t("Filter the events"), style: { width: "180px" }, oninput: (event) => filter.set(event.target.value) }),
    h("label.check", h("input", { type: "checkbox", checked: tail, onchange: (event) => tail.set(event.target.checked) }), t("Follow")), h("button", { onclick: copy }, t("Copy as JSON"))), list.element)];
}
