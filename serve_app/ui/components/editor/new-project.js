// Makes a project of a video of the library, of a file, or of what is at an address.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { api } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { videoTitle } from "../../services/titles.js";
import { dialog } from "../common/dialog.js";
import { skeletons } from "../common/skeleton.js";
import { fileChooser, take } from "../layout/drop.js";
import { poster } from "../library/video-card.js";
import { templateChoice } from "./template-choice.js";

const WAIT = 200;
const SHOWN = 30;

/** Make a project of a video and have its time line made; gives the path of its page. */
export async function projectOf(video, template) {
  const project = await api.createProject(video);
  await api.analyzeProject(project.id, template);
  lookNow();
  return `/projects/${project.id}`;
}

export function newProject() {
  const template = signal({ template: "realistic_chaos", seed: 0 });
  const [videos, chosen, address, files, wrong, busy] = [signal(null), signal(null), signal(""), signal([]), signal(null), signal(false)];
  const pick = (video, given, url) => { chosen.set(video); files.set(given); address.set(url); };  // one of the three
  let timer = 0;
  const look = (q) => api.videos({ q, status: "ready", limit: SHOWN, include: ["thumbnail"] }).then((page) => videos.set(page.items), wrong.set);
  look("");
  const make = async (close, ask) => {
    if (busy.peek()) return;
    busy.set(true);
    wrong.set(null);
    try {
      const path = await ask();
      close();
      go(path);
    } catch (error) {
      wrong.set(error);
    } finally {
      busy.set(false);
    }
  };
  const option = (video) => h("label.pick-video", h("input", { type: "radio", name: "video", value: video.identifier, checked: () => chosen() === video.identifier, onchange: () => pick(video.identifier, [], "") }),
    h("span.thumb", poster(video)), h("span.clip-text.grow", { dir: "auto" }, videoTitle(video)), h("span.small.quiet.number", video.duration ? clock(video.duration) : ""));
  const list = () => {
    if (!videos()) return skeletons("line", 3);
    return videos().length ? h("div.pick-list", videos().map(option)) : h("p.quiet", t("No videos match."));
  };
  dialog(t("New project"), (close) => h("form", { onsubmit: (event) => {
    event.preventDefault();
    const url = address.peek().trim();
    if (files.peek().length) {
      take(files.peek(), undefined, (outcome) => projectOf(outcome.video.identifier, template.peek()));
      close();
      return;
    }
    make(close, url ? async () => { const made = await api.ingestUrl(url, template.peek()); lookNow(); return `/projects/${made.id}`; } : () => projectOf(chosen.peek(), template.peek()));
  } },
    h("fieldset.stack", h("legend", t("A video from the library")),
      h("input", { type: "search", autofocus: true, placeholder: t("Find"), "aria-label": t("Find a video"), oninput: (event) => { clearTimeout(timer); timer = setTimeout(() => look(event.target.value.trim()), WAIT); } }), list),
    h("div.row", fileChooser(t("Or a file"), "", (given) => pick(null, given, "")), h("span.hint.grow", { dir: "auto" }, () => files().map((file) => file.name).join(", ") || t("It is uploaded in parts; its project appears in the list once it is here."))),
    h("label", t("Or a URL"), h("input", { type: "url", placeholder: "https://…", value: address, oninput: (event) => (event.target.value ? pick(null, [], event.target.value) : address.set("")) })),
    templateChoice(template),
    () => wrong() && h("p.bad", { role: "alert", dir: "auto" }, wrong().message),
    h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Cancel")), h("button.primary", { type: "submit", disabled: () => busy() || !(chosen() || files().length || address().trim()) }, icon("cut"), t("Create the project")))), { wide: true });
}
