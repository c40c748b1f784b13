// The models that can be asked: where they are, what they can, and whether they answer.
import { h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { confirm } from "../common/dialog.js";
import { resource } from "../common/resource.js";
import { skeletons } from "../common/skeleton.js";
import { toast, toastError, tried } from "../common/toast.js";
import { editModel } from "./model-form.js";

export function build() {
  const found = resource(() => api.models());
  return h("div.stack", h("div.row", h("p.quiet.grow", t("Built-in models need nothing. Others are reached over HTTP, directly or through SSH.")), h("button.primary", { onclick: async () => (await editModel(null)) && found.reload() }, icon("add"), t("Add a model"))),
    found.show(() => skeletons("line", 5), (models) => h("div.stack", models.map((model) => card(model, found.reload)))));
}

function card(model, reload) {
  const probed = signal(null);
  const probe = async () => {
    probed.set("asking");
    try {
      probed.set(await api.probe(model.key));
    } catch (error) {
      probed.set(null);
      toastError(error);
    }
  };
  const reset = async () => {
    if (!(await confirm({ title: model.seeded ? t("Reset {key}?", { key: model.key }) : t("Delete {key}?", { key: model.key }), text: model.seeded ? t("Its defaults come back.") : t("Runs that ask for it will fail."), action: model.seeded ? t("Reset") : t("Delete") }))) return;
    await tried(async () => {
      await api.resetModel(model.key);
      toast(t("Done"));
      reload();
    });
  };
  const can = [[model.supports_video, t("watches video")], [model.supports_images, t("sees pictures")], [model.supports_audio, t("hears audio")], [model.supports_json_schema, t("keeps to a JSON schema")], [model.has_api_key, t("has an API key")]].filter(([yes]) => yes);
  const where = model.embedded ? t("built in") : [model.base_url, model.ssh_host && `ssh ${model.ssh_host}`].filter(Boolean).join(" · ") || t("no URL yet");
  return h("section.panel.stack", h("div.row", h("h2", model.key), h("span.chip", model.kind), h("span.badge", { class: model.configured || model.embedded ? "is-ready" : "is-pending" }, h("span.dot"), model.configured || model.embedded ? t("configured") : t("not configured")), h("span.grow"),
    !model.embedded && [h("button", { onclick: probe, disabled: () => !model.configured || probed() === "asking" }, icon("refine"), () => (probed() === "asking" ? t("Probing…") : t("Probe"))), h("button", { onclick: async () => (await editModel(model)) && reload() }, icon("edit"), t("Change")), h("button.icon-button", { onclick: reset, "aria-label": model.seeded ? t("Reset") : t("Delete"), title: model.seeded ? t("Reset") : t("Delete") }, icon(model.seeded ? "undo" : "delete"))]),
    h("p.small.quiet", { dir: "auto" }, [where, model.model, model.kind === "llm" && model.max_context && t("{n} tokens of context", { n: number(model.max_context) })].filter(Boolean).join(" · ")),
    can.length > 0 && h("div.row", can.map(([, label]) => h("span.chip", label))),
    () => probed() && probed() !== "asking" && result(probed()));
}

function result(probe) {
  const rows = Object.entries(probe).filter(([name, value]) => value !== null && !["key", "error"].includes(name));
  return h("ul.probe.small", rows.map(([name, value]) => h("li", h("span", { class: value === false ? "bad" : value === true ? "" : "quiet" }, value === true ? icon("check") : value === false ? icon("close") : "·"), h("strong", name.replaceAll("_", " ")), typeof value !== "boolean" && h("span.quiet", { dir: "auto" }, typeof value === "object" ? (value.message ?? JSON.stringify(value)) : String(value)))),
    probe.error && h("li.bad", { dir: "auto" }, probe.error.message ?? String(probe.error)));
}
