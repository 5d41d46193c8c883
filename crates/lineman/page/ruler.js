// The ruler: drag over the times of the ladder, or set a mark by key and move, and read how long that is, how many bytes
// left each host meanwhile, and at which rate.

import * as format from './format.js';
import { element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

export class Ruler {
  /** @param {import('./ladder.js').Ladder} ladder @param {Store} store @param {Messages} messages */
  constructor(ladder, store, messages) {
    this.ladder = ladder;
    this.store = store;
    this.messages = messages;
    /** The two rows, if something is measured. @type {[number, number]|undefined} */
    this.span = undefined;
    /** Whether the second row is the chosen one. */
    this.follows = false;
    this.epoch = store.epoch;
    this.band = element('div', 'ruler');
    this.text = element('p', 'measured');
    this.text.setAttribute('role', 'status');
    ladder.list.append(this.band);
    ladder.parent.append(this.text);
    let drags = false;
    const row = (/** @type {PointerEvent} */ event) => {
      const y = event.clientY - ladder.scroll.getBoundingClientRect().top + ladder.scroll.scrollTop;
      return ladder.at(y);
    };
    ladder.scroll.addEventListener('pointerdown', (event) => {
      if (!(/** @type {HTMLElement} */ (event.target).matches('.t')) || store.rows.length === 0) return;
      event.preventDefault();
      drags = true;
      this.follows = false;
      this.span = [row(event), row(event)];
      ladder.scroll.setPointerCapture(event.pointerId);
      store.changed();
    });
    ladder.scroll.addEventListener('pointermove', (event) => {
      if (!drags || !this.span) return;
      this.span = [this.span[0], row(event)];
      store.changed();
    });
    const done = () => {
      if (!drags) return;
      drags = false;
      if (this.span && this.span[0] === this.span[1]) {
        store.lead(this.span[0]); // a click
        this.span = undefined;
      }
      store.changed();
    };
    ladder.scroll.addEventListener('pointerup', done);
    ladder.scroll.addEventListener('pointercancel', done);
    store.watch(() => this.draw());
  }

  /** Measures from the chosen row on, or no more. */
  mark() {
    const { chosen } = this.store;
    this.follows = !this.span && chosen >= 0;
    this.span = this.follows ? [chosen, chosen] : undefined;
  }

  draw() {
    const { store, ladder } = this;
    if (this.epoch !== store.epoch) {
      this.epoch = store.epoch;
      this.span = undefined;
    }
    if (this.span && this.follows) this.span = [this.span[0], store.chosen];
    this.band.hidden = this.text.hidden = !this.span;
    if (!this.span) return;
    const [first, last] = [Math.min(...this.span), Math.max(...this.span)];
    // Not above the row that is looked at.
    const middle = ladder.scroll.scrollTop + ladder.scroll.clientHeight / 2;
    this.text.classList.toggle('above', ladder.tops[this.span[1]] > middle);
    this.band.style.top = `${ladder.tops[first]}px`;
    this.band.style.height = `${(ladder.tops[last + 1] ?? ladder.end) - ladder.tops[first]}px`;
    const told = this.measure(first, last);
    if (this.text.textContent !== told) this.text.textContent = told;
  }

  /** From the time of one row to that of another; what was sent at the first is in it, at the last it is not. @param {number} first @param {number} last */
  measure(first, last) {
    const { store, messages } = this;
    const time = store.rows[last].t_ns - store.rows[first].t_ns;
    const bytes = { client: 0, server: 0 };
    for (let n = first; n < last; n += 1) {
      const { packet } = store.rows[n];
      if (packet && (packet.part === 'whole' || packet.part === 'departure')) bytes[packet.from] += packet.wire_len;
    }
    const rate = (/** @type {number} */ count) => (time > 0 ? format.rate((count * 8e9) / time) : '–');
    return messages.say('measured', {
      time: `${(time / 1e6).toFixed(3)} ms`, client: bytes.client, server: bytes.server, up: rate(bytes.client), down: rate(bytes.server),
    });
  }
}
