// The head of a video's page: its title, how it stands, what can be done with the whole of it.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { go, href } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { videoTitle } from "../../services/titles.js";
import { backLink } from "../common/back-link.js";
import { menu } from "../common/menu.js";
import { removal } from "../common/removal.js";
import { statusBadge } from "../common/status-badge.js";
import { tried } from "../common/toast.js";
import { exportMenu } from "./exports.js";
import { undoButtons } from "./undo.js";

/** @param {import("./model.js").Model} model */
export function detailHead(model) {
  const editing = signal(false);
  const rename = async (title) => {
    editing.set(false);
    if (!title || title === model.video.peek().title) return;
    await tried(async () => {
      model.video.set({ ...model.video.peek(), ...(await api.rename(model.id, title)) });
    });
  };
  const field = () => h("input.heading-field", { value: model.video.peek().title ?? "", "aria-label": t("Title of the video"), dir: "auto", ref: (input) => requestAnimationFrame(() => input.select()),
    onblur: (event) => rename(event.target.value.trim()), onkeydown: (event) => { if (event.key === "Enter") rename(event.target.value.trim()); if (event.key === "Escape") editing.set(false); } });
  const remove = removal({ title: t("Delete this video?"), text: t("Its moments, clips and transcript are deleted, too. This cannot be undone.") }, () => api.removeVideo(model.id), { list: "/videos", said: t("The video is deleted") });
  const edit = () => tried(async () => {
    const { projectOf } = await import("../editor/new-project.js");
    go(await projectOf(model.id, { template: "realistic_chaos", seed: 0 }));
  });
  return h("div.page-head",
    backLink("/videos", t("Back to the library")),
    () => (editing() ? field() : h("h1", { dir: "auto", title: t("Double-click to change it"), ondblclick: () => may("write") && editing.set(true) }, videoTitle(model.video()))),
    () => statusBadge(model.run()?.status ?? model.video().status),
    h("div.actions",
      undoButtons(model.undo),
      exportMenu(model),
      h("a.button.primary", { href: href(`/new?video=${model.id}`), "aria-disabled": () => (may("write") ? null : "true") }, icon("refine"), () => (model.moments()?.length || model.report() ? t("Find again…") : t("Find moments"))),
      menu(icon("more"), () => [
        { label: t("Change the title"), disabled: !may("write"), run: () => editing.set(true) },
        { label: t("Cut all clips for phones"), disabled: !may("write"), run: () => model.begin(() => api.extract(model.id, { preset: "vertical" }), t("Clips are being cut")) },
        { label: t("Cut all clips to play anywhere"), disabled: !may("write"), run: () => model.begin(() => api.extract(model.id, { preset: "web" }), t("Clips are being cut")) },
        { label: t("Edit it as a film"), disabled: !may("write"), run: edit },
        null,
        { label: t("Delete this video"), danger: true, disabled: !may("write"), run: remove },
      ], { class: "icon-button", label: t("More") })));
}
