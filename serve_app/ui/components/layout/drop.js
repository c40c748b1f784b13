// Files may be dropped, or pasted, anywhere.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";

/** @param {HTMLElement} body */
export function dropAnywhere(body) {
  let veil = null;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const hide = () => {
    veil?.remove();
    veil = null;
  };
  body.addEventListener("dragenter", (event) => {
    if (!hasFiles(event) || veil) return;
    veil = h("div.drop-veil", h("div", icon("upload"), h("strong", t("Drop to upload")), h("span", t("Moments are found as soon as the file is here."))));
    body.append(veil);
  });
  body.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  body.addEventListener("dragleave", (event) => !event.relatedTarget && hide());
  body.addEventListener("drop", (event) => {
    hide();
    if (event.defaultPrevented || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  });
}

/** Upload files, and show the tray; parameters are those of `upload`. */
export async function take(files, options, then) {
  const { uploadFiles } = await import("./upload-tray.js");
  uploadFiles(files, options, then);
}

/** A button that chooses files and uploads them at once; parameters are those of `upload`. */
export function fileButton(label, look = "", options = () => undefined, then = undefined) {
  return fileChooser(label, look, (files) => take(files, options(), then));
}

/** A button that chooses files; `chosen` is given them. */
export function fileChooser(label, look, chosen) {
  const input = h("input", { type: "file", multiple: true, accept: "video/*,audio/*,.mkv,.mov,.ts,.mxf", hidden: true, "aria-label": label,
    onchange: () => { chosen([...input.files]); input.value = ""; } });
  return h("span", input, h("button", { type: "button", class: look, onclick: () => input.click() }, icon("upload"), label));
}
