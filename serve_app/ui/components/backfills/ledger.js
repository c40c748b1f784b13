// The ledger of a backfill: a line for every video, filtered by how it stands.
import { each, h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { BASE, href } from "../../core/router.js";
import { effect, signal } from "../../core/store.js";
import { length } from "../../core/time.js";
import { api } from "../../services/api.js";
import { statusTitle } from "../../services/stages.js";
import { pagedList } from "../common/paged-list.js";
import { statusBadge } from "../common/status-badge.js";
import { ITEM_STATUSES } from "./counts.js";

const PAGE = 100;

/** @param {() => any} backfill its counts tell when lines have changed */
export function ledger(backfill) {
  const id = backfill.peek().identifier;
  const status = signal("");
  const { items: list, load, again, more, instead } = pagedList((cursor) => api.backfillItems(id, { status: status.peek(), limit: PAGE, cursor }));
  effect(() => { status(); load(); });
  let before = JSON.stringify(backfill.peek().counts);
  effect(() => {
    const now = JSON.stringify(backfill().counts);
    if (now !== before) again();
    before = now;
  });
  return h("section.panel.stack", h("div.row.ledger-head", h("h2.grow", t("Ledger")),
    h("select", { "aria-label": t("State"), onchange: (event) => status.set(event.target.value) }, h("option", { value: "" }, t("Any state")), ITEM_STATUSES.map((name) => h("option", { value: name }, statusTitle(name)))),
    h("a.button", { href: `${BASE}/api/backfills/${id}/items?format=csv`, download: `${id}.csv` }, ".csv")),
  instead(() => h("p.quiet.small", t("No lines yet."))),
  h("div.scroll", { tabindex: "0", role: "region", "aria-label": t("Ledger"), hidden: () => !list()?.length }, h("table", h("thead", h("tr", h("th.amount", t("Line")), h("th", t("State")), h("th", t("From")), h("th", t("Error")), h("th.amount", t("Attempts")), h("th.amount", t("Time")))),
    h("tbody", each(() => list() ?? [], (one) => String(one.line), row)))),
  more);
}

function row(item) {
  return h("tr", h("td.amount", number(item().line)), h("td", () => statusBadge(item().status)),
    h("td.name", () => (item().video ? h("a", { href: href(`/videos/${item().video}`), dir: "auto" }, item().source) : h("span", { dir: "auto" }, item().source))),
    h("td", () => item().error_code && h("span", { title: item().error }, item().run ? h("a", { href: href(`/runs/${item().run}`) }, h("code", item().error_code)) : h("code", item().error_code))),
    h("td.amount", () => item().tries), h("td.amount", () => (item().seconds === null ? "" : length(item().seconds))));
}
