// The library's list: searched, filtered, chosen from; pages are asked for ahead of the scroll.
import { h, replace } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { bind } from "../../core/keys.js";
import { go, href, setQuery } from "../../core/router.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { returned } from "../../services/api.js";
import { prefer, preferences } from "../../services/preferences.js";
import { emptyState } from "../common/empty-state.js";
import { errorPanel } from "../common/error-panel.js";
import { skeletons } from "../common/skeleton.js";
import { windowGrid } from "../common/window-list.js";
import { fileButton } from "../layout/drop.js";
import { searchHits } from "./search-hits.js";
import { selectionBar, selectionOf } from "./selection.js";
import { cardHeight, videoCard } from "./video-card.js";
import { videoPages } from "./video-pages.js";
import { videoRow } from "./video-row.js";

const SORTS = [["newest", () => t("Newest first")], ["oldest", () => t("Oldest first")], ["title", () => t("Title")], ["longest", () => t("Longest first")], ["last_run", () => t("Last run")]];
const STATUSES = [["", () => t("Any state")], ["ready", () => t("Ready")], ["pending", () => t("On its way")], ["failed", () => t("Failed")]];
const CARD = 250;
const GAP = 20;
const ROW = 64;
const NARROW_ROW = 92; // a title of two lines over how the video stands
const narrow = matchMedia("(max-width: 800px)");

/** @param {HTMLElement} root @param {URLSearchParams} query @param {HTMLElement} title */
export function mountLibrary(root, query, title) {
  const filters = signal({ q: query.get("q") ?? "", status: query.get("status") ?? "", sort: query.get("sort") ?? "newest", moments: query.get("moments") ?? "" });
  const pages = videoPages();
  const chosen = selectionOf(pages);
  const change = (part) => {
    filters.update((old) => ({ ...old, ...part }));
    const { sort, ...rest } = filters.peek();
    setQuery({ ...rest, sort: sort === "newest" ? null : sort });
    chosen.clear();
  };
  const search = h("input", { type: "search", placeholder: t("Search titles and transcripts"), "aria-label": t("Search"), value: filters.peek().q, oninput: later((event) => change({ q: event.target.value.trim() })) });
  const select = (name, label, options) => h("select", { "aria-label": label, onchange: (event) => change({ [name]: event.target.value }) },
    options.map(([value, text]) => h("option", { value, selected: filters.peek()[name] === value }, text())));
  const view = (name, label) => h("button", { "aria-pressed": () => String(preferences().view === name), "aria-label": label, title: label, onclick: () => prefer({ view: name }) }, icon(name === "grid" ? "grid" : "rows"));

  const list = h("div");
  const hits = searchHits(() => filters().q);
  effect(() => list.classList.toggle("beside-hits", hits.any() && pages.state() === "none"));
  replace(root,
    h("div.page-head", title, () => pages.total() !== null && (pages.total() > 0 || !filters().q) && h("span.quiet.number", plural(pages.total(), "{n} video", "{n} videos")),
      h("div.actions", fileButton(t("Upload")), h("a.button.primary", { href: href("/new") }, icon("add"), t("New from URL")))),
    h("div.filters", h("div.search", icon("search"), search),
      select("status", t("State"), STATUSES),
      select("moments", t("Moments"), [["", () => t("Any moments")], ["true", () => t("With moments")], ["false", () => t("Without moments")]]),
      select("sort", t("Order"), SORTS),
      h("div.segmented", { role: "group", "aria-label": t("View") }, view("grid", t("Cards")), view("rows", t("Table")))),
    () => pages.error() && pages.state() === "some" && errorPanel(pages.error(), () => pages.load(filters.peek())),
    hits.element, list, selectionBar(chosen, () => pages.load(filters.peek())));

  effect(() => {
    returned();
    pages.load(filters());
  });
  const clear = () => {
    search.value = "";
    change({ q: "", status: "", moments: "" });
    root.querySelectorAll(".filters select").forEach((one, at) => { if (at < 2) one.value = ""; });
  };
  showList(list, pages, chosen, () => filters.peek(), clear);
  bind([
    { keys: ["/"], label: t("Search"), group: t("Library"), run: () => search.focus() },
    { keys: ["Ctrl+a"], label: t("Select all"), group: t("Library"), run: () => chosen.all() },
    { keys: ["Escape"], label: t("Select none"), group: t("Library"), run: () => chosen.clear() },
    { keys: ["n"], label: t("New from URL"), group: t("Library"), run: () => go("/new") },
  ]);
}

function showList(list, pages, chosen, filters, clear) {
  const shape = signal({ rows: false });
  effect(() => shape.set({ rows: preferences().view === "rows" }));
  let grid = null;
  onEnd(() => grid?.end());
  effect(() => {
    const { rows } = shape();
    const state = pages.state();
    grid?.end();
    grid = null;
    if (state === "failed") return replace(list, errorPanel(pages.error.peek(), () => pages.load(filters())));
    if (state === "loading") return replace(list, skeletons(rows ? "line" : "card", 8));
    if (state === "none") return replace(list, nothing(filters(), clear));
    grid = windowGrid({
      count: () => pages.count.peek(),
      build: (index) => {
        const video = pages.at(index);
        if (!video) return h("div.skeleton");
        return (rows ? videoRow : videoCard)(video, { selected: chosen.has, select: (id, event) => chosen.toggle(index, event) });
      },
      height: rows ? () => (narrow.matches ? NARROW_ROW : ROW) : cardHeight, least: rows ? 4000 : CARD, gap: rows ? 0 : GAP,
      wanted: (first, last) => pages.want(first, last),
    });
    replace(list, h("div", { class: rows ? "as-rows" : "as-cards" }, grid.element));
    grid.soon();
  });
  effect(() => {
    pages.version();
    grid?.reset();
  });
}

function nothing({ q, status, moments }, clear) {
  if (q || status || moments) {
    return emptyState({ icon: "search", title: t("No videos match"), text: t("Remove a filter, or search for other words.") }, h("button", { onclick: clear }, t("Clear the filters")));
  }
  return emptyState({ icon: "library", title: t("No videos yet"), text: t("Drop a file anywhere on this page, or paste the URL of a video.") },
    fileButton(t("Upload a file"), "primary"), h("a.button", { href: href("/new") }, icon("link"), t("From a URL")));
}

function later(run, milliseconds = 220) {
  let timer = 0;
  return (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(event), milliseconds);
  };
}
