// Whether the parts of the service work, in their own words.
import { h } from "../../core/html.js";
import { ago, number, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { PARTS, works } from "../dashboard/health-strip.js";
import { resource } from "../common/resource.js";
import { skeletons } from "../common/skeleton.js";

/** What a part says of itself, in one line. @param {any} part */
function told({ status, milliseconds, nodes, ...rest }) {
  const more = Object.entries(rest).filter(([, value]) => value && (typeof value !== "object" || Object.keys(value).length > 0));
  return [status, milliseconds && `${number(milliseconds)} ms`, nodes && plural(nodes, "{n} node", "{n} nodes"),
    ...more.map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`)].filter(Boolean).join(" · ");
}

const WORKER = { busy: ["is-processing", () => t("works")], idle: ["is-ready", () => t("idle")], silent: ["is-failed", () => t("no heartbeat")] };

function worker({ id, status, runs, last_heartbeat: heard }) {
  const [look, said] = WORKER[status];
  return h("li.worker", h("span.badge", { class: look }, h("span.dot"), said()), h("span.small", id), h("span.row.small.grow", runs.map((run) => h("a", { href: href(`/runs/${run}`) }, run.slice(0, 8)))), h("span.small.quiet", ago(heard)));
}

/** Who works, for those who may know. */
function workers() {
  if (!may("admin")) return null;
  const found = resource(() => api.workers());
  return h("section.panel", h("h2", t("Workers")), found.show(() => skeletons("line", 1), ({ items }) => (items.length ? h("ul.run-list", items.map(worker)) : h("p.bad", t("None, so runs wait.")))));
}

export function build() {
  const found = resource(() => api.health());
  return h("div.stack", h("div.row", h("p.quiet.grow", t("What /health answers now. “moments doctor” checks more, and says how to mend it.")), h("button", { onclick: found.reload }, icon("retry"), t("Check again"))),
    found.show(() => skeletons("line", 4), (health) => h("section.panel", h("ul.run-list", Object.entries(health).filter(([, part]) => part && typeof part === "object" && "status" in part).map(([name, part]) =>
      h("li", h("span.badge", { class: works(part) ? "is-ready" : "is-failed" }, h("span.dot"), PARTS[name]?.() ?? name.replaceAll("_", " ")), h("span.small.quiet.grow", { dir: "auto" }, told(part))))))),
    workers());
}
