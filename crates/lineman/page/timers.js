// The timers of a host that its TCP has told of: what runs, as a bar that runs down.

import { element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Host} Host @typedef {import('./store.js').Timer} Timer */

/** How often a bar is drawn, in milliseconds: for those who want little motion once a second. */
const OFTEN = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 200;

export class Timers {
  /** @param {HTMLElement} place @param {Host} host @param {Store} store @param {Messages} messages */
  constructor(place, host, store, messages) {
    this.place = element('div', 'timers');
    place.append(this.place);
    this.host = host;
    this.store = store;
    this.messages = messages;
    this.drawn = '';
    /** When bars were drawn last, by performance.now(). */
    this.moved = 0;
    /** @type {number|undefined} */
    this.tick = undefined;
    store.watch(() => this.draw());
  }

  draw() {
    const { store, messages, host, place } = this;
    // Of an earlier row nothing is known of timers.
    const timers = store.isNow() ? store.scene[host].timers : [];
    const drawn = JSON.stringify([store.epoch, store.lang, timers, store.drives()]);
    const anew = drawn !== this.drawn;
    if (anew) {
      this.drawn = drawn;
      place.replaceChildren(...timers.map((timer) => {
        const name = messages.say(`timer.${timer.clock}`);
        const text = element('span', 'how', messages.say('timer', { name, time: `${timer.wait_ns / 1e9} s` }));
        const parts = [text];
        if (this.left(timer) !== undefined) {
          const bar = /** @type {HTMLProgressElement} */ (element('progress'));
          bar.max = timer.wait_ns;
          bar.setAttribute('aria-label', name);
          parts.push(bar, element('span', 'how left'));
        }
        return element('div', 'timer', null, parts);
      }));
    }
    const runs = timers.some((timer) => (this.left(timer) ?? 0) > 0);
    clearTimeout(this.tick);
    const wait = this.moved + OFTEN - performance.now();
    if (runs) this.tick = window.setTimeout(() => this.draw(), Math.max(wait, 0) || OFTEN);
    // Whatever else is drawn meanwhile moves no bar.
    if (!anew && runs && wait > 0) return;
    this.moved = performance.now();
    timers.forEach((timer, at) => {
      const left = this.left(timer);
      const bar = place.children[at]?.querySelector('progress');
      const text = place.children[at]?.querySelector('.left');
      if (left === undefined || !bar || !text) return;
      bar.value = left;
      text.textContent = messages.say('timer.left', { time: `${(left / 1e9).toFixed(1)} s` });
    });
  }

  /** What is left of a timer now, by this machine's clock: only of a lab that runs. @param {Timer} timer */
  left(timer) {
    const began = this.store.ladder?.utc_ns;
    if (!this.store.drives() || !began) return undefined;
    const now = Date.now() * 1e6 - began;
    return Math.max(0, timer.at_ns + timer.wait_ns - now);
  }
}
