// What videos are called.
import { t } from "../core/i18n.js";

/** A video's title; before it has one, as when it could not be fetched, the name of the file at its URL. @param {{title: ?string, source_url?: ?string}} video */
export function videoTitle({ title, source_url: url }) {
  if (title) return title;
  const name = URL.canParse(url ?? "") && new URL(url).pathname.split("/").at(-1);
  return name || t("Untitled video");
}
