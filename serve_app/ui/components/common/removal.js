// Deleting what a page shows.
import { t } from "../../core/i18n.js";
import { go } from "../../core/router.js";
import { confirm } from "./dialog.js";
import { toast, tried } from "./toast.js";

/**
 * What a button does that deletes it: asks first, and goes to the list afterwards.
 * @param {{title: string, text: string}} question @param {() => Promise<any>} ask
 * @param {{list: string, said: string}} then the path of the list, and what is told there
 */
export const removal = (question, ask, { list, said }) => async () => {
  if (!(await confirm({ ...question, action: t("Delete") }))) return;
  await tried(async () => {
    await ask();
    toast(said);
    go(list);
  });
};
