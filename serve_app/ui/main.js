// Where the front end begins.
import { t, loadLanguage } from "./core/i18n.js";
import { startKeys } from "./core/keys.js";
import { startRouter } from "./core/router.js";
import { mountLayout } from "./components/layout/app-layout.js";
import { access } from "./services/api.js";
import { startFollowing } from "./services/follow.js";
import { applyPreferences } from "./services/preferences.js";
import { loadSession } from "./services/session.js";

access.ask = async () => (await import("./components/layout/key-dialog.js")).askForKey();
applyPreferences();
startRouter();
startKeys();
await Promise.all([loadLanguage(), loadSession()]);
mountLayout(document.body);
startFollowing();
document.documentElement.dataset.ready = t("ready");
