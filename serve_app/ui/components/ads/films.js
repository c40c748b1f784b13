// The films of an ad side by side, as soon as they are there.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { forget, link, usable } from "../../services/links.js";

/** @param {any} ad */
export function films(ad) {
  const several = ad.films.length > 1;
  return h("section.films", { "aria-label": t("Films") }, ad.films.map((one) => {
    const path = `/api/ads/jobs/${ad.id}/video?variant=${one.variant}`;
    const saved = `${path}&download=true`;
    const name = several ? t("Film {n}", { n: one.variant }) : t("The film");
    const film = h("video", { controls: true, playsinline: true, preload: "metadata", "aria-label": name });
    if (one.poster_signed_url) film.poster = usable(one.poster_signed_url);
    const save = h("a.button", { download: "", "aria-label": t("Download {name}", { name }) }, icon("download"), t("Download"));
    for (const each of [path, saved]) forget(each); // it may have been made again
    link(path).then((found) => { if (found) film.src = found.url; }, () => {});
    link(saved).then((found) => { if (found) save.href = found.url; }, () => {});
    return h("figure", film, h("figcaption.row", h("strong.grow", name), save));
  }));
}
