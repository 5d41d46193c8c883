// A user of the keyboard keeps the focus when a part of the page is made anew.

/** @typedef {import('./store.js').Store} Store */

const CONTROLS = 'button, input, select, textarea, a[href], [tabindex]';

/** @param {HTMLElement} place @returns {HTMLElement[]} */
const controls = (place) => [...place.querySelectorAll(CONTROLS)].map((it) => /** @type {HTMLElement} */ (it));

/**
 * What has the focus in a place, if the user got there by keyboard. A button that was clicked does not keep the focus: the
 * space bar is for the next packet, and would press Restart once more.
 * @param {HTMLElement} place @returns {HTMLElement|null}
 */
export function focused(place) {
  const it = document.activeElement;
  return it instanceof HTMLElement && it !== place && place.contains(it) && it.matches(':focus-visible') ? it : null;
}

/**
 * Fills a place anew. What had the focus in it has it afterwards, or what stands for the same now: it has the same data, or
 * the same words, or the same place among as many. An element that is moved into a new part loses the focus by that, so
 * the parts are made in here.
 * @param {HTMLElement} place @param {() => (Node|string)[]} make
 */
export function refill(place, make) {
  const had = focused(place);
  const before = had ? controls(place) : [];
  place.replaceChildren(...make());
  if (!had || document.activeElement === had) return;
  const now = controls(place);
  const data = JSON.stringify(had.dataset);
  const same = place.contains(had) ? had
    : now.find((it) => data !== '{}' && it.tagName === had.tagName && JSON.stringify(it.dataset) === data)
      ?? now.find((it) => it.tagName === had.tagName && it.textContent !== '' && it.textContent === had.textContent)
      ?? (now.length === before.length ? now[before.indexOf(had)] : undefined);
  same?.focus({ preventScroll: true });
}
