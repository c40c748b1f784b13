// Projects: videos that are edited as films, the newest first.
import { each, h, replace } from "../core/html.js";
import { ago, plural, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { clock } from "../core/time.js";
import { api } from "../services/api.js";
import { link } from "../services/links.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";
import { pagedList, whileActive } from "../components/common/paged-list.js";
import { progressBar } from "../components/common/progress.js";
import { statusBadge } from "../components/common/status-badge.js";
import { newProject } from "../components/editor/new-project.js";
import { poster } from "../components/library/video-card.js";

const EVERY = 3000;
const PAGE = 48;
const active = (project) => ["analyzing", "rendering"].includes(project.status);

export const STYLE = "editor";

export function mount(root) {
  document.title = `${t("Projects")} · moments`;
  const total = signal(0);
  const list = pagedList(async (cursor) => {
    const page = await api.projects({ limit: PAGE, cursor });
    total.set(page.total);
    return page;
  });
  list.load();
  whileActive(list, active, EVERY);
  const make = () => h("button.primary", { disabled: () => !may("write"), onclick: newProject }, icon("add"), t("New project"));
  replace(root,
    h("div.page-head", h("h1", t("Projects")), () => total() > 0 && h("span.quiet.number", plural(total(), "{n} project", "{n} projects")), h("div.actions", h("a.button", { href: href("/made"), "aria-label": t("Films and pictures from text") }, icon("film"), h("span.wide-only", t("Films and pictures from text")), h("span.narrow-only", t("From text"))), make())),
    list.instead(() => emptyState({ icon: "cut", title: t("No projects"), text: t("A project turns a video into a film: a template cuts it, and you refine it with captions, effects and sounds.") }, make()), "card"),
    h("div.card-grid", { hidden: () => !list.items()?.length }, each(() => list.items() ?? [], (one) => one.identifier, projectCard)),
    list.more);
}

function projectCard(project) {
  const path = href(`/projects/${project().id}`);
  const film = () => project().last_render;
  const picture = signal(null);
  effect(() => { const path = project().thumbnail_url; if (path && !picture.peek()) link(path).then((found) => picture.set(found), () => {}); });
  return h("article.video-card",
    h("a.screen", { href: path, tabindex: "-1", "aria-hidden": "true" }, () => poster({ thumbnail: picture() }), () => project().duration && h("span.length", clock(project().duration))),
    h("div.about", h("a.title", { href: path, dir: "auto", title: project().title }, () => project().title),
      h("div.row.small.quiet", () => statusBadge(project().status), h("span.clip-text", () => ago(project().updated_at)))),
    () => project().status === "rendering" && film() && progressBar(() => film().progress / 100, t("Progress")));
}
