// What an ad says and shows, scene by scene: words can be changed before voice and pictures are paid for, scenes made again.
import { h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { toast, toastError } from "../common/toast.js";
import { scenePicture } from "./scene-picture.js";

const MOST_SIGNS = 600;
const ROLES = { hook: () => t("Opening"), feature: () => t("What it is"), benefit: () => t("What it is good for"), call_to_action: () => t("Call to action") };
const idle = (ad) => !["pending", "processing"].includes(ad.status);

/** @param {() => any} ad @param {() => void} changed */
export function storyboard(ad, changed) {
  const [scripts, dirty, fault] = [signal(null), signal(false), signal("")];
  const { id } = ad.peek();
  const read = signal(0); // how often the script was read: what is written in between does not build the fields again
  const load = () => api.adScript(id).then((found) => { if (!dirty.peek()) { scripts.set(found.scripts); read.update((times) => times + 1); } }, () => {});
  const written = signal("");
  effect(() => written.set(ad().stages.find((stage) => stage.stage_name === "script_gen")?.completed_at ?? ""));
  effect(() => { if (written()) load(); });
  const put = (variant, scene, text) => {
    scripts.update((all) => all.map((one, at) => (at === variant ? { ...one, scenes: one.scenes.map((each, index) => (index === scene ? { ...each, voiceover_text: text } : each)) } : one)));
    dirty.set(true);
  };
  const ask = async (work, said) => {
    try {
      await work();
      fault.set("");
      toast(said);
      changed();
    } catch (error) {
      if (error.status === 422) fault.set(error.message);
      else toastError(error);
    }
  };
  const save = () => ask(async () => { await api.editAdScript(id, scripts.peek()); dirty.set(false); }, t("Saved; go on to have it spoken"));
  const again = (scene, what) => () => ask(() => api.regenerateScene(id, scene, what), t("The scene is being made again"));
  const made = signal("");
  effect(() => made.set(JSON.stringify([ad().updated_at, ad().scenes])));
  const card = (variant, scene, index) => h("article.panel.scene",
    () => { made(); return scenePicture(ad.peek().scenes.find((one) => one.variant === variant + 1 && one.scene === scene.scene_number)); },
    h("div.stack",
      h("div.row", h("strong.grow", `${scene.scene_number} · ${ROLES[scene.role]?.() ?? scene.role}`), h("span.small.quiet.number", t("{seconds} s", { seconds: number(scene.duration, 0) }))),
      h("textarea", { rows: "4", maxlength: String(MOST_SIGNS), dir: "auto", "aria-label": t("What is said in scene {n}", { n: scene.scene_number }), value: scene.voiceover_text, disabled: () => !idle(ad()) || !may("write"), oninput: (event) => put(variant, index, event.target.value) }),
      () => ad().video_url && h("div.row",
        h("button.quiet", { disabled: () => !idle(ad()) || dirty() || !may("write"), onclick: again(scene.scene_number, { picture: true, voice: false }), "aria-label": t("New picture of scene {n}", { n: scene.scene_number }) }, icon("film"), t("New picture")),
        h("button.quiet", { disabled: () => !idle(ad()) || dirty() || !may("write"), onclick: again(scene.scene_number, { picture: false, voice: true }), "aria-label": t("New voice in scene {n}", { n: scene.scene_number }) }, icon("retry"), t("New voice")))));
  return () => read() > 0 && h("section.stack", { "aria-label": t("Storyboard") },
    h("div.row", h("h2.grow", t("Storyboard")), () => dirty() && h("span.small.quiet", t("Not saved yet")), h("button", { class: () => (dirty() ? "primary" : ""), disabled: () => !dirty() || !idle(ad()) || !may("write"), onclick: save }, icon("check"), t("Save the script"))),
    () => fault() && h("p.panel.bad", { role: "alert", dir: "auto" }, fault()),
    scripts.peek().map((script, variant) => h("div.stack", scripts.peek().length > 1 && h("h3", t("Film {n}", { n: variant + 1 })), h("div.storyboard", script.scenes.map((scene, index) => card(variant, scene, index))))));
}
