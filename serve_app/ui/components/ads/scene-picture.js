// The picture of one scene: a still, or a film without sound that plays over and over.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { forget, link } from "../../services/links.js";

/** @param {?{picture_url: string, still: boolean, scene: number}} scene what was made, null where nothing is yet */
export function scenePicture(scene) {
  if (!scene) return h("div.scene-picture.is-empty", icon("film"));
  const label = t("Scene {n}", { n: scene.scene });
  const moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const element = scene.still ? h("img", { alt: label }) : h("video", { muted: true, loop: true, playsinline: true, autoplay: moving, preload: "metadata", "aria-label": label });
  forget(scene.picture_url); // it may have been made again
  link(scene.picture_url).then((found) => { if (found) element.src = found.url; }, () => {});
  return h("div.scene-picture", element);
}
