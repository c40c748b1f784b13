// What this is.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { BASE, version } from "../../core/router.js";

export function build() {
  return h("section.panel.stack", h("h2", `moments ${version}`), h("p", t("Finds the moments worth watching in videos: titled, time-stamped, cut to the frame.")),
    h("p.quiet", t("These pages use the public API and nothing else: whatever they do, a program can do.")),
    h("div.actions", h("a.button", { href: `${BASE}/docs` }, t("Try the API")), h("a.button", { href: `${BASE}/redoc` }, t("Read about the API")), h("a.button", { href: `${BASE}/openapi.json`, download: "openapi.json" }, "openapi.json")));
}
