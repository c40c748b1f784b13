// What an ad says, scene by scene; it can be changed before a voice is paid for, or to have it spoken anew.
import { h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { toast, toastError } from "../common/toast.js";

const MOST_SIGNS = 600;

/** @param {() => any} ad @param {() => void} changed */
export function scriptEditor(ad, changed) {
  const scripts = signal(null);
  const dirty = signal(false);
  const { id } = ad.peek();
  api.adScript(id).then((found) => scripts.set(found.scripts), () => {});
  const over = () => !["pending", "processing"].includes(ad().status);
  const put = (variant, scene, text) => {
    scripts.update((all) => all.map((one, at) => (at === variant ? { ...one, scenes: one.scenes.map((each, index) => (index === scene ? { ...each, voiceover_text: text } : each)) } : one)));
    dirty.set(true);
  };
  const save = async () => {
    try {
      await api.editAdScript(id, scripts.peek());
      dirty.set(false);
      toast(t("Saved; go on, and it is said so"));
      changed();
    } catch (error) {
      toastError(error);
    }
  };
  const again = async (scene) => {
    try {
      await api.regenerateScene(id, scene);
      toast(t("The scene is being made again"));
      changed();
    } catch (error) {
      toastError(error);
    }
  };
  const has = signal(false);
  effect(() => has.set(Boolean(scripts())));
  return () => has() && h("section.panel.stack", h("div.row", h("h2.grow", t("Script")), h("button.primary", { disabled: () => !dirty() || !over() || !may("write"), onclick: save }, icon("check"), t("Save the script"))),
    scripts.peek().map((script, variant) => h("div.stack", scripts.peek().length > 1 && h("h3", t("Film {n}", { n: variant + 1 })), h("p", { dir: "auto" }, h("strong", script.hook), " ", h("span.quiet", script.cta)),
      script.scenes.map((scene, index) => h("div.scene", h("label", t("Scene {n}, {seconds} s", { n: scene.scene_number, seconds: number(scene.duration, 1) }),
        h("textarea", { rows: "2", maxlength: String(MOST_SIGNS), dir: "auto", value: scene.voiceover_text, disabled: () => !over() || !may("write"), oninput: (event) => put(variant, index, event.target.value) })),
      () => ad().video_url && h("button.quiet", { disabled: !may("write"), onclick: () => again(scene.scene_number), title: t("Make this scene again") }, icon("retry"), t("Again")))))));
}
