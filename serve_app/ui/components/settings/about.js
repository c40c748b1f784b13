// What this is.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { BASE, version } from "../../core/router.js";

export function build() {
  return h("section.panel.stack", h("h2", `moments ${version}`), h("p", t("A video in, the moments worth watching out: titled, time-stamped, cut to the frame.")),
    h("p.quiet", t("This page is a client of the public API and nothing more: whatever it does, a program can do.")),
    h("div.actions", h("a.button", { href: `${BASE}/docs` }, t("The API, to be tried")), h("a.button", { href: `${BASE}/redoc` }, t("The API, to be read")), h("a.button", { href: `${BASE}/openapi.json`, download: "openapi.json" }, "openapi.json")));
}
