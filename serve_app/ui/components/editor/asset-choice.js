// Chooses whose sound is heard: that of a project's video, or of a file that is brought along.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { api } from "../../services/api.js";
import { whenEnded } from "../../services/follow.js";
import { dialog } from "../common/dialog.js";
import { errorPanel } from "../common/error-panel.js";
import { skeletons } from "../common/skeleton.js";
import { fileButton } from "../layout/drop.js";

const SHOWN = 100;
const names = signal(new Map());

/** How a timeline names an asset. */
const pathOf = (asset) => `asset:${asset}`;
const know = (projects) => names.update((old) => new Map([...old, ...projects.map((one) => [pathOf(one.asset_id), one.title])]));

/** What an asset is called; its path while that is not known. @param {string} path */
export function assetTitle(path) {
  const known = names();
  if (known.has(path)) return known.get(path);
  names.set(new Map([...known, [path, path]]));
  api.projects({ limit: SHOWN }).then((page) => know(page.items), () => {});
  return path;
}

/**
 * Ask for an asset with a sound. A file is uploaded first: its asset comes later, to the same function.
 * @param {(asset: {path: string, title: string}) => any} use @param {string} page the path of the page that shows what came of a file
 */
export function chooseAsset(use, page) {
  const [projects, wrong, chosen] = [signal(null), signal(null), signal(null)];
  api.projects({ limit: SHOWN }).then(({ items }) => {
    know(items);
    projects.set([...new Map(items.map((one) => [one.asset_id, one])).values()]);
  }, wrong.set);
  // What is heard in a file is known once the run that took it in has ended.
  const bring = async ({ video, run }) => {
    const { error } = run ? await whenEnded(run) : {};
    if (error) throw error;
    const { asset, title } = await api.createProject(video.identifier);
    know([{ asset_id: asset.id, title }]);
    await use({ path: pathOf(asset.id), title });
    return page;
  };
  const option = (one) => h("label.pick-video", h("input", { type: "radio", name: "asset", value: String(one.asset_id), checked: () => chosen() === one, onchange: () => chosen.set(one) }),
    h("span.clip-text.grow", { dir: "auto" }, one.title), h("span.small.quiet.number", one.duration ? clock(one.duration) : ""));
  const list = () => {
    if (wrong()) return errorPanel(wrong());
    return projects() ? h("div.pick-list", projects().map(option)) : skeletons("line", 3);
  };
  dialog(t("The sound of a video"), (close) => h("form", { onsubmit: (event) => {
    event.preventDefault();
    const one = chosen.peek();
    close();
    use({ path: pathOf(one.asset_id), title: one.title });
  } },
    h("fieldset.stack", h("legend", t("A project's video")), list),
    h("div.row", fileButton(t("Or a file"), "", () => undefined, bring), h("span.hint.grow", t("It is uploaded, and becomes a project of its own."))),
    h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Cancel")), h("button.primary", { type: "submit", disabled: () => !chosen() }, icon("volume"), t("Use its sound")))), { wide: true });
}
