// The films of an ad, as soon as they are there.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { link } from "../../services/links.js";

/** @param {any} ad */
export function films(ad) {
  return h("section.films", { "aria-label": t("Films") }, ad.films.map((one) => {
    const path = `/api/ads/jobs/${ad.id}/video?variant=${one.variant}`;
    const film = h("video", { controls: true, playsinline: true, preload: "metadata", "aria-label": t("Film {n}", { n: one.variant }) });
    const save = h("a.button", { download: "" }, icon("download"), t("Film {n}", { n: one.variant }));
    link(path).then((found) => { if (found) film.src = found.url; }, () => {});
    link(`${path}&download=true`).then((found) => { if (found) save.href = found.url; }, () => {});
    return h("div.stack", film, save);
  }));
}
