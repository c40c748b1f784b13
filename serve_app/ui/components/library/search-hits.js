// Words found in what is said, grouped by video, each with a link to where it is.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { href } from "../../core/router.js";
import { effect, signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { api } from "../../services/api.js";
import { videoTitle } from "../../services/titles.js";

const SHOWN = 4;

/** What is found, to be shown, and whether anything is. @param {() => string} words */
export function searchHits(words) {
  const found = signal([]);
  let controller = null;
  effect(() => {
    const q = words();
    controller?.abort();
    controller = new AbortController();
    if (q.length < 2) return found.set([]);
    api.search(q, controller.signal).then((page) => found.set(grouped(page.items)), () => {});
  });
  const element = () => found().length > 0 && h("section.hits", h("h2", t("Found in transcripts")), h("div.hit-list", found().map(group)));
  return { element, any: () => found().length > 0 };
}

function grouped(hits) {
  const videos = new Map();
  for (const hit of hits) {
    if (hit.start_time === null) continue;
    if (!videos.has(hit.video)) videos.set(hit.video, []);
    videos.get(hit.video).push(hit);
  }
  return [...videos];
}

function group([video, hits]) {
  const title = signal("…");
  api.video(video).then((one) => title.set(videoTitle(one)), () => title.set(t("Untitled video")));
  return h("div.panel.hit", h("a.title", { href: href(`/videos/${video}`), dir: "auto" }, title),
    h("ul", hits.slice(0, SHOWN).map((hit) => {
      const time = hit.word_time ?? hit.start_time;
      return h("li", h("a", { href: href(`/videos/${video}?t=${time.toFixed(1)}`) }, h("span.number", clock(time)), h("span", { dir: "auto" }, hit.text)));
    })),
    hits.length > SHOWN && h("p.small.quiet", t("and {n} more", { n: hits.length - SHOWN })));
}
