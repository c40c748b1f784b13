// A model's entry, changed or new; only what was changed is sent.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { dialog } from "../common/dialog.js";
import { toast } from "../common/toast.js";

const KEY = /^[A-Za-z0-9][\w.-]{0,63}$/;
const FIELDS = [
  ["base_url", "text", () => t("Address"), () => "http://10.0.0.7:8010"],
  ["model", "text", () => t("Model"), () => t("as its server calls it")],
  ["ssh_host", "text", () => t("SSH host"), () => t("empty: direct")],
  ["ssh_user", "text", () => t("SSH user"), () => ""],
  ["remote_port", "number", () => t("Remote port"), () => ""],
  ["max_context", "number", () => t("Context in tokens"), () => t("empty: found by a probe")],
  ["temperature", "number", () => t("Temperature"), () => "0 – 2"],
  ["max_tokens", "number", () => t("Longest answer in tokens"), () => ""],
  ["timeout_s", "number", () => t("Timeout in seconds"), () => ""],
  ["concurrency", "number", () => t("Requests at once"), () => ""],
  ["usd_per_million_input_tokens", "number", () => t("Dollars per million input tokens"), () => ""],
  ["usd_per_million_output_tokens", "number", () => t("Dollars per million output tokens"), () => ""],
];
const FLAGS = [["supports_video", () => t("watches video")], ["supports_images", () => t("sees pictures")], ["supports_audio", () => t("hears audio")], ["supports_json_schema", () => t("keeps to a JSON schema")]];

/** @param {?any} model null for a new one @returns {Promise<boolean>} whether it was written */
export async function editModel(model) {
  const changes = {};
  const wrong = signal(null);
  const said = await dialog(model ? model.key : t("Add a model"), (close) => {
    const save = async (event) => {
      event.preventDefault();
      try {
        if (model) await api.changeModel(model.key, changes);
        else {
          const { key, ...fields } = changes;
          if (!KEY.test(key ?? "")) return wrong.set(t("Its key: letters, digits, dots and dashes."));
          await api.addModel(key, { kind: "llm", ...fields });
        }
        toast(t("Saved"));
        close(true);
      } catch (error) {
        wrong.set(error.message);
      }
    };
    const take = (name, value) => { changes[name] = value; };
    return h("form", { onsubmit: save },
      h("div.fields",
        !model && h("label", t("Key"), h("input", { autofocus: true, required: true, oninput: (event) => take("key", event.target.value.trim()) })),
        !model && h("label", t("Kind"), h("select", { onchange: (event) => take("kind", event.target.value) }, ["llm", "asr"].map((kind) => h("option", { value: kind }, kind)))),
        FIELDS.map(([name, type, label, hint]) => h("label", label(), h("input", { type, step: "any", value: model?.[name] ?? "", oninput: (event) => take(name, event.target.value === "" ? null : type === "number" ? Number(event.target.value) : event.target.value.trim()) }), h("small", hint())))),
      h("div.row", FLAGS.map(([name, label]) => h("label.check", h("input", { type: "checkbox", checked: Boolean(model?.[name]), onchange: (event) => take(name, event.target.checked) }), label()))),
      h("p.small.quiet", t("API keys of models are settings of the server (MOMENTS_MODELS__API_KEYS), and never shown.")),
      () => wrong() && h("p.bad", { role: "alert", dir: "auto" }, wrong()),
      h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Cancel")), h("button.primary", { type: "submit" }, t("Save"))));
  }, { wide: true });
  return said === true;
}
