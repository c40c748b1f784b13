// The library's videos by place in the list: pages of a hundred, kept as they come.
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";

const PAGE = 100;
const AHEAD = 60;

export function videoPages() {
  const [state, error, total, count, version] = [signal("loading"), signal(null), signal(null), signal(0), signal(0)];
  let videos = [];
  let cursor = null;
  let asked = null;
  let controller = null;

  async function load(filters) {
    controller?.abort();
    controller = new AbortController();
    const mine = controller.signal;
    asked = filters;
    if (!videos.length) state.set("loading");
    try {
      const page = await read(filters, null, mine);
      if (mine.aborted) return;
      videos = page.items;
      took(page);
    } catch (problem) {
      if (problem.name === "AbortError" || mine.aborted) return;
      error.set(problem);
      if (!videos.length) state.set("failed"); // a list that is here stays to be read
    }
  }

  function took(page) {
    error.set(null);
    cursor = page.next_cursor;
    total.set(page.total ?? (cursor ? null : videos.length));
    count.set(page.total ?? videos.length);
    version.update((n) => n + 1);
    state.set(videos.length ? "some" : "none");
  }

  let following = false;
  async function more() {
    if (following || !cursor) return;
    following = true;
    const mine = controller.signal;
    try {
      const page = await read(asked, cursor, mine);
      if (!mine.aborted) {
        videos = videos.concat(page.items);
        took(page);
      }
    } catch (problem) {
      if (problem.name !== "AbortError") error.set(problem);
    } finally {
      following = false;
    }
  }

  return {
    state, error, total, count, version, load,
    at: (index) => videos[index],
    want: (first, last) => { if (last + AHEAD >= videos.length) more(); },
    all: () => videos,
    filters: () => asked,
  };
}

/** A page of the list. */
function read({ q, status, sort, moments }, cursor, abort) {
  const wanted = { limit: PAGE, cursor, q, status, sort, has_moments: moments, include: ["run", "counts", "thumbnail"] };
  return api.videos(wanted, abort);
}
