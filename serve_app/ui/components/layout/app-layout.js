// What stands round every page: the way about, the bar that says the server is away, and the page itself.
import { h, replace } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { bind } from "../../core/keys.js";
import { go, place, scrollPosition } from "../../core/router.js";
import { effect, scope, untracked } from "../../core/store.js";
import { away, tryNow } from "../../services/api.js";
import { errorPanel } from "../common/error-panel.js";
import { dropAnywhere } from "./drop.js";
import { sidebar } from "./sidebar.js";

/** Styles that some pages alone have, by name. @type {Map<string, Promise<any>>} */
const styles = new Map();

function loadStyle(name) {
  const load = (done) => document.head.append(h("link", { rel: "stylesheet", href: new URL(`../../theme/${name}.css`, import.meta.url).href, onload: done, onerror: done }));
  if (!styles.has(name)) styles.set(name, new Promise(load));
  return styles.get(name);
}

/** A page, with the style of its own that it names. */
async function open(name) {
  const page = await import(`../../pages/${name}.js`);
  if (page.STYLE) await loadStyle(page.STYLE);
  return page;
}

/** @param {HTMLElement} body */
export function mountLayout(body) {
  const main = h("main", { id: "main", tabindex: "-1" });
  const layout = h("div.layout", h("a.skip", { href: "#main" }, t("Skip to content")), sidebar(), h("div.column", offlineBar(), main));
  replace(body, layout, h("div", { id: "toasts" }), h("div.sr", { id: "announcer", role: "status", "aria-live": "polite" }), h("div", { id: "tray" }));
  showPages(main, layout);
  dropAnywhere(body);
  bind([
    { keys: ["g d"], label: t("Dashboard"), group: t("Go to"), run: () => go("/") },
    { keys: ["g l"], label: t("Library"), group: t("Go to"), run: () => go("/videos") },
    { keys: ["g e"], label: t("Projects"), group: t("Go to"), run: () => go("/projects") },
    { keys: ["g m"], label: t("Films and pictures from text"), group: t("Go to"), run: () => go("/made") },
    { keys: ["g p"], label: t("Runs"), group: t("Go to"), run: () => go("/runs") },
    { keys: ["g j"], label: t("Jobs"), group: t("Go to"), run: () => go("/jobs") },
    { keys: ["g b"], label: t("Backfills"), group: t("Go to"), run: () => go("/backfills") },
    { keys: ["g a"], label: t("Ads"), group: t("Go to"), run: () => go("/ads") },
    { keys: ["g s"], label: t("Settings"), group: t("Go to"), run: () => go("/settings") },
    { keys: ["g n"], label: t("New from URL"), group: t("Go to"), run: () => go("/new") },
    { keys: ["Ctrl+k"], label: t("Search everything"), group: t("Everywhere"), run: () => import("./command-palette.js").then((module) => module.openPalette()) },
    { keys: ["?"], label: t("Keyboard shortcuts"), group: t("Everywhere"), run: () => import("./key-table.js").then((module) => module.openKeyTable()) },
  ]);
}

function showPages(main, layout) {
  let end = () => {};
  let shown = 0;
  effect(() => {
    const where = place();
    const mine = (shown += 1);
    untracked(async () => {
      let module;
      try {
        module = await open(where.page);
      } catch (error) {
        error.title = t("This page could not be loaded");
        end();
        replace(main, errorPanel(error, () => location.reload()));
        return;
      }
      if (mine !== shown) return;
      end();
      layout.classList.toggle("bare", where.page === "login");
      const root = h(`div.page.page-${where.page}`, { class: mine > 1 ? "follows" : "" });
      main.replaceChildren(root);
      document.title = "moments";
      const [unmount, dispose] = scope(() => module.mount(root, { ...where.params, query: where.query }));
      const still = scrollBack(root, scrollPosition());
      end = () => {
        still();
        unmount?.();
        dispose();
        root.remove();
      };
      if (mine > 1) main.focus({ preventScroll: true });
    });
  });
}

/** Go back to where a page was left, as soon as what it shows makes it long enough, unless a hand was quicker. */
function scrollBack(root, top) {
  scrollTo(0, top);
  if (!top) return () => {};
  const hands = ["wheel", "touchmove", "pointerdown", "keydown"];
  const grown = new ResizeObserver(() => {
    scrollTo(0, top);
    if (scrollY >= top - 1) stop();
  });
  const stop = () => {
    grown.disconnect();
    for (const hand of hands) removeEventListener(hand, stop);
  };
  grown.observe(root);
  for (const hand of hands) addEventListener(hand, stop, { passive: true });
  return stop;
}

function offlineBar() {
  return () => away() && h("div.offline", { role: "status" }, t("The server cannot be reached. Trying again…"),
    h("button.quiet", { onclick: tryNow }, t("Try now")));
}
