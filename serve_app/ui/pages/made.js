// Films and pictures from text: a form that asks for them, and those that were made.
import { each, h, replace } from "../core/html.js";
import { t } from "../core/i18n.js";
import { effect, signal, untracked } from "../core/store.js";
import { api } from "../services/api.js";
import { whenRunsChange } from "../services/follow.js";
import { backLink } from "../components/common/back-link.js";
import { emptyState } from "../components/common/empty-state.js";
import { pagedList } from "../components/common/paged-list.js";
import { isFilm, madeAt, madeCard, wordsOf } from "../components/editor/made-card.js";
import { askedOf, firstAsked, makerForm } from "../components/editor/maker-form.js";

const PIPELINES = ["editor.make_video", "editor.make_image"];
const PAGE = 24;
const PROJECTS = 100;

export const STYLE = "editor";

export function mount(root, { query }) {
  document.title = `${t("Films and pictures from text")} · moments`;
  const asked = signal(firstAsked(query));
  const posters = signal([]);
  api.projects({ limit: PROJECTS }).then(({ items }) => posters.set(items.filter((one) => one.thumbnail_url).map((one) => ({ path: one.thumbnail_url, title: one.title }))), () => {});
  const list = pagedList((cursor) => api.runs({ pipeline: PIPELINES, limit: PAGE, cursor }));
  list.load();
  whenRunsChange(list.again, (run) => PIPELINES.includes(run.pipeline));
  const pictures = signal([]);
  effect(() => {
    const made = (list.items() ?? []).filter((run) => madeAt(run) && !isFilm(run)).map((run) => ({ path: madeAt(run), title: wordsOf(run).slice(0, 60) }));
    const next = [...new Map([...made, ...posters()].map((one) => [one.path, one])).values()]; // projects of one video share its picture
    if (untracked(pictures).map((one) => one.path).join() !== next.map((one) => one.path).join()) pictures.set(next);
  });
  const form = makerForm(asked, pictures, list.again);
  const ask = (next) => {
    asked.set(next);
    form.querySelector("textarea").focus();
    form.scrollIntoView({ block: "start" });
  };
  const then = { again: (run) => ask(askedOf(run)), onward: (image, kind) => ask({ ...asked.peek(), kind, image, mask: "", prompt: "", shape: null }) };
  replace(root,
    h("div.page-head", backLink("/projects", t("Back to the projects")), h("h1", t("Films and pictures from text"))),
    h("div.maker-page", form,
      h("section.stack", { "aria-label": t("Results") },
        list.instead(() => emptyState({ icon: "film", title: t("Nothing made yet"), text: t("Describe what to show. A film can be edited as a project afterwards, and a picture changed again.") }), "card"),
        h("div.made-grid", { hidden: () => !list.items()?.length }, each(() => list.items() ?? [], (one) => one.identifier, (run) => madeCard(run, then))),
        list.more)));
}
