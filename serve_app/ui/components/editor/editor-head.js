// The head of a project's page: what it is, whether it is saved, and what can be done with the whole.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { may } from "../../services/session.js";
import { backLink } from "../common/back-link.js";
import { dialog } from "../common/dialog.js";
import { menu } from "../common/menu.js";
import { removal } from "../common/removal.js";
import { statusBadge } from "../common/status-badge.js";
import { tried } from "../common/toast.js";
import { undoButtons } from "../detail/undo.js";
import { consentChip } from "./consent.js";
import { timelineExports } from "./export-menu.js";
import { templateChoice } from "./template-choice.js";

/** @param {import("./model.js").Editor} model @param {any} chat a signal: whether the chat is seen */
export function editorHead(model, chat) {
  const { id } = model.project.peek();
  const remove = removal({ title: t("Delete this project?"), text: t("Its timelines and films are deleted; the video stays in the library.") }, () => api.removeProject(id), { list: "/projects", said: t("The project is deleted") });
  return h("div.page-head",
    backLink("/projects", t("Back to the projects")),
    h("h1", { dir: "auto" }, () => model.project().title), () => status(model),
    consentChip(model), h("span.small.quiet.number", { role: "status" }, () => (model.saving() ? t("Saving…") : model.saved().version ? t("Saved as version {n}", { n: model.saved().version }) : "")),
    h("div.actions",
      undoButtons(model.undo),
      h("button", { "aria-label": t("Template…"), onclick: () => chooseTemplate(model), disabled: () => !may("write") || Boolean(model.run()) }, icon("refine"), h("span.wide-only", t("Template…"))),
      timelineExports(model),
      h("button", { id: "chat-button", "aria-expanded": () => String(chat()), onclick: () => chat.set(!chat.peek()) }, icon("captions"), t("Chat")),
      menu(icon("more"), () => [
        { label: t("To the video"), run: () => go(`/videos/${model.id}`) },
        { label: t("Change its picture…"), disabled: !model.project.peek().asset.thumbnail_url, run: () => go(`/made?kind=picture&image=${encodeURIComponent(model.project.peek().asset.thumbnail_url)}`) },
        { label: t("Film from its picture…"), disabled: !model.project.peek().asset.thumbnail_url, run: () => go(`/made?kind=film&image=${encodeURIComponent(model.project.peek().asset.thumbnail_url)}`) },
        null,
        { label: t("Delete this project"), danger: true, disabled: !may("write"), run: remove },
      ], { class: "icon-button", label: t("More") })));
}

/** What is under way, or went wrong; that a time line can be edited is seen. */
function status(model) {
  const shown = model.run()?.status ?? model.project().status;
  return !["analyzed", "ingested"].includes(shown) && statusBadge(shown);
}

/** Have a time line made again; the one before stays among the versions. */
export function chooseTemplate(model) {
  const { template_name: now } = model.saved.peek();
  const asked = signal({ template: now ?? "realistic_chaos", seed: 0 });
  dialog(t("A timeline from a template"), (close) => h("form", { onsubmit: async (event) => {
    event.preventDefault();
    await tried(async () => {
      await api.analyzeProject(model.project.peek().id, asked.peek());
      close();
      lookNow();
    });
  } },
    templateChoice(asked), h("p.small.quiet", t("The present version stays in the list.")),
    h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Cancel")), h("button.primary", { type: "submit" }, icon("refine"), t("Create")))), { wide: true });
}
