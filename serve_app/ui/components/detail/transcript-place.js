// Where a transcript stands: under the time line, or on a narrow page in a tab; it moves, and is built once.
import { h } from "../../core/html.js";
import { effect, onEnd, signal } from "../../core/store.js";

const NARROW = matchMedia("(max-width: 1000px)");

/** Both places for a transcript, `slot` and `tab`; `guard` leaves the tab named `transcript` where it is not seen. */
export function placeTranscript(transcript) {
  const narrow = signal(NARROW.matches);
  const turned = () => narrow.set(NARROW.matches);
  NARROW.addEventListener("change", turned);
  onEnd(() => NARROW.removeEventListener("change", turned));
  const [slot, tab] = [h("div.transcript-slot"), h("div")];
  effect(() => (narrow() ? tab : slot).append(transcript.element));
  const guard = (side, other) => effect(() => { if (!narrow() && side.chosen() === "transcript") side.choose(other); });
  return { slot, tab, guard };
}
