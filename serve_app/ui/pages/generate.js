// New: from addresses that are pasted, each looked at before anything starts; or a video that is here, looked at again.
import { h } from "../core/html.js";
import { plural, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { Problem, api, newKey } from "../services/api.js";
import { lookNow } from "../services/follow.js";
import { may } from "../services/session.js";
import { videoTitle } from "../services/titles.js";
import { backLink } from "../components/common/back-link.js";
import { toast, toastError } from "../components/common/toast.js";
import { fileButton } from "../components/layout/drop.js";
import { optionsForm } from "../components/url_generate/options-form.js";
import { MOST_LINES, addressLines, lineList } from "../components/url_generate/address-lines.js";


export function mount(root, { query }) {
  const video = query.get("video");
  document.title = `${video ? t("Find again") : t("New videos")} · moments`;
  if (video) again(root, video);
  else fromAddresses(root, query.get("url") ?? "");
}

function fromAddresses(root, given) {
  const text = signal(given);
  const lines = addressLines(text);
  const form = optionsForm();
  const busy = signal(false);
  const field = h("textarea", { placeholder: "https://…", rows: "4", autofocus: true, spellcheck: false, "aria-describedby": "lines-hint", value: given, oninput: (event) => text.set(event.target.value),
    ondrop: async (event) => {
      const file = event.dataTransfer?.files[0];
      if (!file || !/\.(txt|csv)$/i.test(file.name)) return;
      event.preventDefault();
      event.stopPropagation();
      const found = (await file.text()).split(/[\s,;"]+/).filter((word) => /^https?:/.test(word));
      field.value = [field.value, ...found].filter(Boolean).join("\n");
      text.set(field.value);
    } });
  const good = () => lines().filter((line) => line.state !== "bad" && line.state !== "double" && line.seen()?.error?.retryable !== false);
  // One key a line of this form: a double click, or sending it again after a broken line, starts nothing twice.
  const keys = new Map();
  async function start(event) {
    event.preventDefault();
    if (busy.peek() || !form.check()) return;
    const asked = form.values();
    form.remember();
    busy.set(true);
    for (const line of good()) {
      if (line.outcome.peek()?.run) continue;
      if (!keys.has(line.url)) keys.set(line.url, newKey());
      line.outcome.set({ busy: true });
      try {
        const answer = await api.generate({ url: line.url, ...asked }, keys.get(line.url));
        line.outcome.set({ ...answer, done: true });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        keys.delete(line.url);
        line.outcome.set({ error });
      }
    }
    busy.set(false);
    lookNow();
    const begun = good().filter((line) => line.outcome.peek()?.done);
    if (begun.length === 1 && good().length === 1) go(`/videos/${begun[0].outcome.peek().video.identifier}`);
    else if (begun.length) toast(plural(begun.length, "{n} run started", "{n} runs started"));
  }
  root.append(h("form.form-page", { onsubmit: start, novalidate: true },
    h("div.page-head", h("h1", t("New videos"))),
    h("div.panel.stack", h("label", t("URLs of videos"), field, h("small", { id: "lines-hint" }, t("One per line, up to {most}. A .txt or .csv file can be dropped here.", { most: MOST_LINES }))),
      lineList(lines),
      h("div.row", fileButton(t("Or upload files"), "", () => form.values()), h("span.hint.grow.for-mouse", t("Files can be dropped anywhere on the page.")))),
    form.element,
    h("div.actions", h("button.primary", { type: "submit", disabled: () => busy() || good().length === 0 || !may("write") }, icon("play"), () => (good().length > 1 ? plural(good().length, "Find moments", "Find moments in {n} videos") : t("Find moments"))))));
}

/** The same form for a video that is here, filled with what its last run was asked. */
function again(root, id) {
  const title = signal("…");
  const form = optionsForm();
  const key = newKey();
  api.video(id).then((video) => title.set(videoTitle(video)), (error) => { toastError(error); go("/videos", { replace: true }); });
  api.runs({ video: id, pipeline: "moments", limit: 1 }).then(({ items: [last] }) => { if (last) form.fill(last.options); }, () => {});
  const busy = signal(false);
  async function start(event) {
    event.preventDefault();
    if (busy.peek() || !form.check()) return;
    busy.set(true);
    try {
      const answer = await api.start(id, form.values(), key);
      if (answer.reused) toast(t("A run did exactly this before: these are its moments."), { seconds: 8 });
      lookNow();
      go(`/videos/${id}`);
    } catch (error) {
      toastError(error);
    } finally {
      busy.set(false);
    }
  }
  root.append(h("form.form-page", { onsubmit: start, novalidate: true },
    h("div.page-head", backLink(`/videos/${id}`, t("Back")), h("h1", t("Find again")), h("span.quiet", { dir: "auto" }, title)),
    h("p.quiet", t("Its audio and transcript are kept; only moments and clips are made again.")),
    form.element, h("div.actions", h("button.primary", { type: "submit", disabled: () => busy() || !may("write") }, icon("refine"), t("Find moments")))));
  effect(() => { document.title = `${title()} · ${t("Find again")} · moments`; });
}
