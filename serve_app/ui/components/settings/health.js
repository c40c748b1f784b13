// Whether the parts of the service work, in their own words.
import { h } from "../../core/html.js";
import { number, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { api } from "../../services/api.js";
import { works } from "../dashboard/health-strip.js";
import { resource } from "../common/resource.js";
import { skeletons } from "../common/skeleton.js";

/** What a part says of itself, in one line. @param {any} part */
function told({ status, milliseconds, nodes, ...rest }) {
  const more = Object.entries(rest).filter(([, value]) => value && (typeof value !== "object" || Object.keys(value).length > 0));
  return [status, milliseconds && `${number(milliseconds)} ms`, nodes && plural(nodes, "{n} node", "{n} nodes"),
    ...more.map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`)].filter(Boolean).join(" · ");
}

export function build() {
  const found = resource(() => api.health());
  return h("div.stack", h("div.row", h("p.quiet.grow", t("What /health says now. “moments doctor” looks more closely, at the machine, too.")), h("button", { onclick: found.reload }, icon("retry"), t("Look again"))),
    found.show(() => skeletons("line", 4), (health) => h("section.panel", h("ul.run-list", Object.entries(health).filter(([, part]) => part && typeof part === "object" && "status" in part).map(([name, part]) =>
      h("li", h("span.badge", { class: works(part) ? "is-ready" : "is-failed" }, h("span.dot"), name.replaceAll("_", " ")), h("span.small.quiet.grow", { dir: "auto" }, told(part))))))));
}
