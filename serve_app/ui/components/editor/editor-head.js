// The head of a project's page: what it is, whether it is saved, and what can be done with the whole.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { go, href } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { may } from "../../services/session.js";
import { confirm, dialog } from "../common/dialog.js";
import { menu } from "../common/menu.js";
import { statusBadge } from "../common/status-badge.js";
import { toast, toastError } from "../common/toast.js";
import { consentChip } from "./consent.js";
import { timelineExports } from "./export-menu.js";
import { templateChoice } from "./template-choice.js";

/** @param {import("./model.js").Editor} model @param {any} chat a signal: whether the chat is seen */
export function editorHead(model, chat) {
  const { id } = model.project.peek();
  const step = (name, label, undo, run) => h("button.icon-button", { onclick: run, disabled: () => !undo().length || !may("write"), "aria-label": label, title: () => (undo().length ? `${label}: ${undo().at(-1).label}` : label) }, icon(name));
  const remove = async () => {
    if (!(await confirm({ title: t("Delete this project?"), text: t("Its time lines and films go with it; the video stays in the library."), action: t("Delete") }))) return;
    try {
      await api.removeProject(id);
      toast(t("The project is deleted"));
      go("/projects");
    } catch (error) {
      toastError(error);
    }
  };
  return h("div.page-head",
    h("a.icon-button.button.plain", { href: href("/projects"), "aria-label": t("Back to the projects"), title: t("Back to the projects") }, icon("back")),
    h("h1", { dir: "auto" }, () => model.project().title), () => status(model),
    consentChip(model), h("span.small.quiet.number", { role: "status" }, () => (model.saving() ? t("Saving…") : model.saved().version ? t("Saved as version {n}", { n: model.saved().version }) : "")),
    h("div.actions",
      step("undo", t("Undo"), model.undo.done, () => model.undo.undo()), step("redo", t("Redo"), model.undo.undone, () => model.undo.redo()),
      h("button", { "aria-label": t("Template…"), onclick: () => chooseTemplate(model), disabled: () => !may("write") || Boolean(model.run()) }, icon("refine"), h("span.wide-only", t("Template…"))),
      timelineExports(id),
      h("button", { id: "chat-button", "aria-expanded": () => String(chat()), onclick: () => chat.set(!chat.peek()) }, icon("captions"), t("Chat")),
      menu(icon("more"), () => [
        { label: t("To the video"), run: () => go(`/videos/${model.id}`) },
        null,
        { label: t("Delete this project"), danger: true, disabled: !may("write"), run: remove },
      ], { class: "icon-button", label: t("More") })));
}

/** What is under way, or went wrong; that a time line can be edited is seen. */
function status(model) {
  const shown = model.run()?.status ?? model.project().status;
  return !["analyzed", "ingested"].includes(shown) && statusBadge(shown);
}

/** Have a time line made anew; the one before stays among the versions. */
export function chooseTemplate(model) {
  const { template_name: now } = model.saved.peek();
  const asked = signal({ template: now ?? "realistic_chaos", seed: 0 });
  dialog(t("A time line by a template"), (close) => h("form", { onsubmit: async (event) => {
    event.preventDefault();
    try {
      await api.analyzeProject(model.project.peek().id, asked.peek());
      close();
      lookNow();
    } catch (error) {
      toastError(error);
    }
  } },
    templateChoice(asked), h("p.small.quiet", t("What stands now stays among the versions.")),
    h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Leave it")), h("button.primary", { type: "submit" }, icon("refine"), t("Make it")))), { wide: true });
}
