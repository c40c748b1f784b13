// The pictures of buttons: strokes on a grid of 24, drawn in the colour of the text beside them.
import { s } from "./html.js";

const PATHS = {
  home: "M4 11l8-7 8 7v9h-5v-6h-6v6H4z",
  library: "M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z",
  add: "M12 5v14M5 12h14",
  runs: "M4 6h10M4 12h16M4 18h7M18 6h2M15 18h5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  toList: "M19 12H5M11 6l-6 6 6 6",
  back: "M11 6l-6 6 6 6M19 6l-6 6 6 6",
  forward: "M13 6l6 6-6 6M5 6l6 6-6 6",
  frameBack: "M15 6l-6 6 6 6M6 6v12",
  frameForward: "M9 6l6 6-6 6M18 6v12",
  volume: "M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 010 6M19 6.5a8 8 0 010 11",
  muted: "M4 9v6h4l5 4V5L8 9zM17 9.5l5 5M22 9.5l-5 5",
  captions: "M3 6h18v12H3zM7 11h4M13 11h4M7 14.5h7",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  pip: "M3 5h18v14H3zM12 12h7v5h-7z",
  loop: "M5 12V9h12l-3-3M19 12v3H7l3 3",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 13l4.5 4.5L19 7",
  search: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  upload: "M12 20V9M7 13l5-5 5 5M5 4h14",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  delete: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  undo: "M8 6L4 10l4 4M4 10h10a5 5 0 010 10h-3",
  redo: "M16 6l4 4-4 4M20 10H10a5 5 0 000 10h3",
  cut: "M6 4a2.5 2.5 0 100 5 2.5 2.5 0 000-5zM6 15a2.5 2.5 0 100 5 2.5 2.5 0 000-5zM8 8l12 9M8 16L20 7",
  compare: "M4 6h9v5H4zM9 13h11v5H9z",
  refine: "M4 12h4M16 12h4M8 8v8M16 8v8M11 12h2",
  link: "M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1 1M14 10a4 4 0 00-5.7 0l-3 3a4 4 0 005.7 5.7l1-1",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4",
  warning: "M12 4l9 16H3zM12 10v4M12 17h.01",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4",
  grid: "M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z",
  rows: "M4 6h16M4 12h16M4 18h16",
  retry: "M19 6v5h-5M5 18v-5h5M18.5 11A7 7 0 006 8M5.5 13A7 7 0 0018 16",
  down: "M6 9l6 6 6-6",
  zoomIn: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20M10.5 7.5v6M7.5 10.5h6",
  zoomOut: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20M7.5 10.5h6",
  fit: "M4 12h16M7 8l-3 4 3 4M17 8l3 4-3 4",
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const filled = name === "play" ? "currentColor" : "none";
  return s("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true", fill: filled },
    s("path", { d: PATHS[name], fill: filled, "stroke-width": name === "more" ? "3" : null }));
}
