// The tray of uploads: it stays while pages come and go.
import { each, h, replace } from "../../core/html.js";
import { bytes, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { scope, signal } from "../../core/store.js";
import { length } from "../../core/time.js";
import { upload, uploads } from "../../services/upload.js";
import { may } from "../../services/session.js";
import { progressBar } from "../common/progress.js";
import { toast } from "../common/toast.js";

const LARGEST = 8 * 1024 ** 3;
const FILES = /^(video|audio)\//;
const NAMES = /\.(mp4|m4v|mov|mkv|webm|avi|ts|mts|m2ts|mxf|mpg|mpeg|wmv|flv|ogv|3gp|mp3|m4a|wav|flac|ogg|opus)$/i;
const SHORT = 3;

let shown = false;

/** Take files; parameters are those of `upload`. */
export function uploadFiles(files, options, then) {
  if (!may("write")) return toast(t("Your key can only read."), { bad: true });
  const right = files.filter((file) => FILES.test(file.type) || NAMES.test(file.name));
  const large = right.filter((file) => file.size > LARGEST);
  const taken = right.filter((file) => file.size <= LARGEST);
  if (right.length < files.length) toast(t("{name} is not a video or audio file", { name: files.find((file) => !right.includes(file)).name }), { bad: true });
  if (large.length) toast(t("{name} is larger than {most}", { name: large[0].name, most: bytes(LARGEST) }), { bad: true });
  if (!taken.length) return;
  if (!shown) scope(show);
  upload(taken, options, then);
}

function show() {
  shown = true;
  const folded = signal(false);
  const rows = each(uploads, (task) => task.key, (task) => row(task()));
  const done = () => uploads().every((task) => task.state() === "done");
  const clear = () => uploads.peek().filter((task) => ["done", "failed"].includes(task.state.peek())).forEach((task) => task.dismiss());
  replace(document.getElementById("tray"), () => uploads().length > 0 && h("section.tray", { "aria-label": t("Uploads") },
    h("header", h("strong.grow", () => (done() ? t("Uploaded") : plural(uploads().filter((task) => task.state() !== "done").length, "Uploading {n} file", "Uploading {n} files"))),
      h("button.icon-button", { onclick: () => folded.set(!folded.peek()), "aria-expanded": () => String(!folded()), "aria-label": t("Collapse") }, icon("down")),
      h("button.icon-button", { onclick: clear, "aria-label": t("Clear what is finished") }, icon("close"))),
    h("ul", { hidden: folded }, rows)));
}

function row(task) {
  const tool = (name, label, run) => h("button.icon-button", { onclick: run, "aria-label": label, title: label }, icon(name));
  const said = () => {
    const state = task.state();
    if (state === "failed") return task.error()?.message ?? t("It failed.");
    if (state === "done" && task.then) return t("Uploaded; its project is being made.");
    if (state === "done") return task.outcome()?.reused ? t("This video is in the library already.") : t("Uploaded; its moments are being found.");
    if (state === "paused") return t("Paused at {share}", { share: bytes(task.sent()) });
    if (state === "waiting") return t("Waiting");
    const left = task.speed() ? (task.file.size - task.sent()) / task.speed() : 0;
    return [`${bytes(task.sent())} / ${bytes(task.file.size)}`, task.speed() && `${bytes(task.speed())}/s`, left > SHORT && t("{time} left", { time: length(left) })].filter(Boolean).join(" · ");
  };
  return h("li",
    h("div.row", h("span.grow.clip-text", { dir: "auto", title: task.file.name }, task.file.name),
      () => ({
        sending: [tool("pause", t("Pause"), () => task.pause()), tool("close", t("Cancel"), () => task.cancel())],
        waiting: [tool("close", t("Cancel"), () => task.cancel())],
        paused: [tool("play", t("Go on"), () => task.resume()), tool("close", t("Cancel"), () => task.cancel())],
        failed: [tool("retry", t("Try again"), () => task.resume()), tool("close", t("Cancel"), () => task.cancel())],
        done: [task.outcome() && h("a.button", { href: href(task.outcome().page) }, t("Open")), tool("close", t("Dismiss"), () => task.dismiss())],
      })[task.state()]),
    () => task.state() !== "done" && progressBar(() => task.sent() / task.file.size, task.file.name),
    h("span.small", { class: () => (task.state() === "failed" ? "bad" : "quiet") }, said));
}
