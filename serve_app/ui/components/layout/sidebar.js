// The way about: at the side, and at the foot of a narrow page.
import { h, s } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href, place, BASE } from "../../core/router.js";
import { activeRuns } from "../../services/follow.js";
import { prefer, preferences } from "../../services/preferences.js";

const ENTRIES = [
  { path: "/", pages: ["dashboard"], icon: "home", label: () => t("Dashboard") },
  { path: "/videos", pages: ["library", "detail"], icon: "library", label: () => t("Library") },
  { path: "/projects", pages: ["projects", "project", "made"], icon: "cut", label: () => t("Projects") },
  { path: "/new", pages: ["generate"], icon: "add", label: () => t("New") },
  { path: "/runs", pages: ["pipelines", "run", "jobs", "job", "backfills", "backfill", "ads", "new-ad", "ad"], icon: "runs", label: () => t("Runs") },
  { path: "/settings", pages: ["settings"], icon: "settings", label: () => t("Settings") },
];
const THEMES = ["auto", "light", "dark"];

export function sidebar() {
  const themeName = () => ({ auto: t("Theme: auto"), light: t("Theme: light"), dark: t("Theme: dark") })[preferences().theme];
  const turn = () => prefer({ theme: THEMES[(THEMES.indexOf(preferences.peek().theme) + 1) % THEMES.length] });
  return h("div.sidebar",
    h("a.brand", { href: href("/"), "aria-label": "moments" }, mark(), h("span", "moments")),
    h("nav", { "aria-label": t("Main") }, ENTRIES.map((entry) =>
      h("a", { href: href(entry.path), "aria-current": () => (entry.pages.includes(place().page) ? "page" : null) },
        icon(entry.icon), h("span", entry.label()),
        entry.path === "/runs" && (() => activeRuns().length > 0 && h("span.count", { title: t("running now") }, activeRuns().length))))),
    h("div.foot",
      h("button.aside", { onclick: () => import("./command-palette.js").then((module) => module.openPalette()) }, icon("search"), t("Go to…"), h("kbd", "Ctrl K")),
      h("button.aside", { onclick: turn }, icon("sun"), themeName),
      h("a.aside", { href: `${BASE}/docs` }, icon("link"), t("API"))));
}

function mark() {
  return s("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" },
    s("rect", { width: 32, height: 32, rx: 8 }), s("rect", { x: 6, y: 14, width: 4, height: 4, rx: 1.5, opacity: 0.55 }),
    s("rect", { x: 12, y: 8, width: 8, height: 16, rx: 2.5 }), s("rect", { x: 22, y: 14, width: 4, height: 4, rx: 1.5, opacity: 0.55 }));
}
