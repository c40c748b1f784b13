// Whether the parts of the service work, in their own words.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { api } from "../../services/api.js";
import { works } from "../dashboard/health-strip.js";
import { resource } from "../common/resource.js";
import { skeletons } from "../common/skeleton.js";

const PLAIN = new Set(["status", "version", "timestamp", "service"]);

export function build() {
  const found = resource(() => api.health());
  return h("div.stack", h("div.row", h("p.quiet.grow", t("What /health says now. `moments doctor` looks more closely, at the machine, too.")), h("button", { onclick: found.reload }, icon("retry"), t("Look again"))),
    found.show(() => skeletons("line", 4), (health) => h("section.panel", h("ul.run-list", Object.entries(health).filter(([name]) => !PLAIN.has(name)).map(([name, value]) => {
      const told = typeof value !== "object" ? String(value) : JSON.stringify(value);
      const fine = typeof value === "number" || works(value);
      return h("li", h("span.badge", { class: fine ? "is-ready" : "is-failed" }, h("span.dot"), name.replaceAll("_", " ")), h("span.small.quiet.grow", { dir: "auto" }, told));
    })))));
}
