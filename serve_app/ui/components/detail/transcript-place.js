// Where a transcript stands: under the timeline, or on a narrow page in a tab; it moves, and is built once.
import { h } from "../../core/html.js";
import { effect, onEnd, signal } from "../../core/store.js";

/** Whether all of a video's page stands in one column. */
export const oneColumn = matchMedia("(max-width: 1000px)");

/** Both places for a transcript, `slot` and `tab`; `guard` leaves the tab named `transcript` where it is not seen. */
export function placeTranscript(transcript) {
  const narrow = signal(oneColumn.matches);
  const turned = () => narrow.set(oneColumn.matches);
  oneColumn.addEventListener("change", turned);
  onEnd(() => oneColumn.removeEventListener("change", turned));
  const [slot, tab] = [h("div.transcript-slot"), h("div")];
  effect(() => (narrow() ? tab : slot).append(transcript.element));
  const guard = (side, other) => effect(() => { if (!narrow() && side.chosen() === "transcript") side.choose(other); });
  return { slot, tab, guard };
}
