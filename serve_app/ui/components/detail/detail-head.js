// The head of a video's page: its title, how it stands, what can be done with the whole of it.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { go, href } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { confirm } from "../common/dialog.js";
import { menu } from "../common/menu.js";
import { statusBadge } from "../common/status-badge.js";
import { toast, toastError } from "../common/toast.js";
import { exportMenu } from "./exports.js";

/** @param {import("./model.js").Model} model */
export function detailHead(model) {
  const editing = signal(false);
  const rename = async (title) => {
    editing.set(false);
    if (!title || title === model.video.peek().title) return;
    try {
      model.video.set({ ...model.video.peek(), ...(await api.rename(model.id, title)) });
    } catch (error) {
      toastError(error);
    }
  };
  const field = () => h("input.heading-field", { value: model.video.peek().title ?? "", "aria-label": t("Title of the video"), dir: "auto", ref: (input) => requestAnimationFrame(() => input.select()),
    onblur: (event) => rename(event.target.value.trim()), onkeydown: (event) => { if (event.key === "Enter") rename(event.target.value.trim()); if (event.key === "Escape") editing.set(false); } });
  const remove = async () => {
    if (!(await confirm({ title: t("Delete this video?"), text: t("Its moments, clips and transcript go, too. This cannot be taken back."), action: t("Delete") }))) return;
    try {
      await api.removeVideo(model.id);
      toast(t("The video is deleted"));
      go("/videos");
    } catch (error) {
      toastError(error);
    }
  };
  const edit = async () => {
    try {
      const { projectOf } = await import("../editor/new-project.js");
      go(await projectOf(model.id, { template: "realistic_chaos", seed: 0 }));
    } catch (error) {
      toastError(error);
    }
  };
  const step = (name, label, undo, run) => h("button.icon-button", { onclick: run, disabled: () => !undo().length, "aria-label": label, title: () => (undo().length ? `${label}: ${undo().at(-1).label}` : label) }, icon(name));
  return h("div.page-head",
    h("a.icon-button.button.plain", { href: href("/videos"), "aria-label": t("Back to the library"), title: t("Back to the library") }, icon("back")),
    () => (editing() ? field() : h("h1", { dir: "auto", title: t("Double-click to change it"), ondblclick: () => may("write") && editing.set(true) }, model.video().title || t("Untitled video"))),
    () => statusBadge(model.run()?.status ?? model.video().status),
    h("div.actions",
      step("undo", t("Undo"), model.undo.done, () => model.undo.undo()), step("redo", t("Redo"), model.undo.undone, () => model.undo.redo()),
      exportMenu(model),
      h("a.button.primary", { href: href(`/new?video=${model.id}`), "aria-disabled": () => (may("write") ? null : "true") }, icon("refine"), t("Find again…")),
      menu(icon("more"), () => [
        { label: t("Change the title"), disabled: !may("write"), run: () => editing.set(true) },
        { label: t("Cut all clips for phones"), disabled: !may("write"), run: () => model.begin(() => api.extract(model.id, { preset: "vertical" }), t("Clips are being cut")) },
        { label: t("Cut all clips to play anywhere"), disabled: !may("write"), run: () => model.begin(() => api.extract(model.id, { preset: "web" }), t("Clips are being cut")) },
        { label: t("Edit it as a film"), disabled: !may("write"), run: edit },
        null,
        { label: t("Delete this video"), danger: true, disabled: !may("write"), run: remove },
      ], { class: "icon-button", label: t("More") })));
}
