// Projects: videos that are edited as films, the newest first.
import { each, h, replace } from "../core/html.js";
import { ago, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { effect, onEnd, signal } from "../core/store.js";
import { clock } from "../core/time.js";
import { api } from "../services/api.js";
import { link } from "../services/links.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";
import { progressBar } from "../components/common/progress.js";
import { resource } from "../components/common/resource.js";
import { skeletons } from "../components/common/skeleton.js";
import { statusBadge } from "../components/common/status-badge.js";
import { newProject } from "../components/editor/new-project.js";
import { poster } from "../components/library/video-card.js";

const EVERY = 3000;
const PAGE = 48;
const MOST = 200;
const active = (project) => ["analyzing", "rendering"].includes(project.status);

export function mount(root) {
  document.title = `${t("Projects")} · moments`;
  const shown = signal(PAGE);
  const found = resource((signal) => api.projects({ limit: shown.peek() }, signal));
  const timer = setInterval(() => { if (!document.hidden && found.value.peek()?.items.some(active)) found.reload(); }, EVERY);
  onEnd(() => clearInterval(timer));
  const make = () => h("button.primary", { disabled: () => !may("write"), onclick: newProject }, icon("add"), t("New project"));
  const more = () => { shown.set(Math.min(MOST, shown.peek() + PAGE)); found.reload(); };
  replace(root,
    h("div.page-head", h("h1", t("Projects")), () => found.value()?.total > 0 && h("span.quiet.number", found.value().total), h("div.actions", make())),
    found.show(() => skeletons("card", 8), (page) => (page.items.length ? null : emptyState({ icon: "cut", title: t("No projects"), text: t("A project makes a film of a video: a template cuts it, you put it right, with captions, effects and sounds.") }, make()))),
    h("div.card-grid", { hidden: () => !found.value()?.items.length }, each(() => found.value()?.items ?? [], (one) => one.identifier, projectCard)),
    () => found.value() && found.value().items.length < Math.min(MOST, found.value().total) && h("div.actions", h("button", { onclick: more }, t("More"))));
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
