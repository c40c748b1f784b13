// Asks what is to be done with a video, and makes a job of it.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { api, newKey } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { JOB_TYPES } from "../../services/stages.js";
import { dialog } from "../common/dialog.js";

const CUTS = ["clip_generation", "full_processing"];

export function newJob() {
  const asked = signal({ youtube_url: "", job_type: "full_processing", priority: 5 });
  const options = signal({});
  const [wrong, busy] = [signal(null), signal(false)];
  // One key a form: what was sent twice is one job.
  const key = newKey();
  const set = (name, value) => asked.update((old) => ({ ...old, [name]: value }));
  const choose = (name, value) => options.update((old) => ({ ...old, [name]: value === "" ? undefined : value }));
  const numeric = (name, label, least, most, hint) => h("label", label, h("input", { type: "number", min: String(least), max: String(most), placeholder: hint, oninput: (event) => choose(name, event.target.value === "" ? "" : Number(event.target.value)) }));
  dialog(t("New job"), (close) => {
    const save = async (event) => {
      event.preventDefault();
      if (busy.peek()) return;
      busy.set(true);
      try {
        const job = await api.createJob({ ...asked.peek(), options: options.peek() }, key);
        close();
        lookNow();
        go(`/jobs/${job.id}`);
      } catch (error) {
        wrong.set(error.message);
      } finally {
        busy.set(false);
      }
    };
    return h("form", { onsubmit: save },
      h("label", t("URL of a video"), h("input", { type: "url", required: true, autofocus: true, placeholder: "https://…", oninput: (event) => set("youtube_url", event.target.value.trim()) })),
      h("div.fields",
        h("label", t("Output"), h("select", { onchange: (event) => set("job_type", event.target.value) }, Object.entries(JOB_TYPES).map(([name, label]) => h("option", { value: name, selected: name === asked.peek().job_type }, label())))),
        h("label", t("Priority"), h("input", { type: "number", min: "0", max: "10", value: "5", oninput: (event) => set("priority", Number(event.target.value)) })),
        h("label", t("Spoken language"), h("input", { placeholder: "en", maxlength: "35", oninput: (event) => choose("language", event.target.value.trim()) }))),
      () => CUTS.includes(asked().job_type) && h("div.fields", numeric("max_clips", t("Number of clips"), 1, 100, "10"), numeric("clip_duration", t("Seconds per clip"), 3, 600, "30"),
        h("label", t("Clips of"), h("select", { onchange: (event) => choose("clip_strategy", event.target.value) }, h("option", { value: "moments" }, t("the best moments")), h("option", { value: "windows" }, t("equal parts"))))),
      () => wrong() && h("p.bad", { role: "alert", dir: "auto" }, wrong()),
      h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Cancel")), h("button.primary", { type: "submit", disabled: busy }, t("Start"))));
  });
}
