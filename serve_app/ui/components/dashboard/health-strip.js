// Whether the parts of the service work.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { href } from "../../core/router.js";
import { api } from "../../services/api.js";
import { resource } from "../common/resource.js";

/** What people call the parts. */
export const PARTS = { database: () => t("Database"), redis: () => "Redis", ray: () => "Ray", queue_running: () => t("Workers") };

/** How a part stands, whatever shape it is told in. */
export const works = (value) => (typeof value === "string" ? /^(ok|healthy|connected|up|ready)/i.test(value) : typeof value === "boolean" ? value : works(value?.status ?? "ok"));

export function healthStrip() {
  const found = resource(() => api.health());
  return () => {
    const value = found.value();
    if (!value) return null;
    const parts = Object.keys(PARTS).filter((name) => value[name] !== undefined && value[name] !== null);
    return h("a.health.row", { href: href("/settings/health"), "aria-label": t("Health") }, parts.map((name) => {
      const fine = works(value[name]);
      return h("span.badge", { class: fine ? "is-ready" : "is-failed" }, h("span.dot"), fine ? [PARTS[name](), h("span.sr", t("works"))] : `${PARTS[name]()}: ${t("down")}`);
    }));
  };
}
