// The ladder: time downwards, a row for what happened together. Rows are elements, and only those near the
// window exist; the arrows between them are drawn on one canvas.

import { Arrows } from './arrows.js';
import { focused } from './focus.js';
import * as format from './format.js';
import { element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./store.js').Row} Row */
/** @typedef {import('./messages.js').Messages} Messages */

/** Heights in pixels: of a row with an arrow (its label, and room for the slope), of one without, of a cut. */
const ARROW = 46;
const PLAIN = 38;
const CUT = 24;
/** Below the arrow, where there is no room for calls beside it. */
const CALLS = 18;
/** So much later than the row above is cut to a dashed line: in nanoseconds. It is longer than a wire of 100 ms needs for an answer. */
const IDLE_NS = 400e6;
/** As in the style: a phone, where calls beside arrows have no room; and a projector, where those of datagrams have none. */
const NARROW = matchMedia('(max-width: 760px)');
const MEDIUM = matchMedia('(max-width: 1150px)');
/** So much beyond the window is kept, in pixels. */
const OVERDRAW = 300;

export class Ladder {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages */
  constructor(place, store, messages) {
    this.store = store;
    this.messages = messages;
    this.parent = place;
    this.head = element('div', 'head');
    this.list = element('div', 'rows');
    this.list.setAttribute('role', 'listbox');
    this.scroll = element('div', 'scroll', null, [this.list]);
    place.append(this.head, this.scroll);
    this.arrows = new Arrows(this.scroll, store);
    /** Where rows begin that have a cut above them. @type {Set<number>} */
    this.cut = new Set();
    /** Where each row begins. @type {number[]} */
    this.tops = [];
    this.end = 0;
    /** @type {Map<number, HTMLElement>} */
    this.shown = new Map();
    this.look = '';
    this.named = '';
    this.followed = -1;
    this.epoch = store.epoch;
    /** Whether calls stand below arrows: beside them is no room. */
    this.below = false;
    this.scroll.addEventListener('scroll', () => store.changed());
    /** Whether the chosen row is in the window: it stays there when that is another. */
    this.sees = true;
    /** How high the window was when that was known. */
    this.high = 0;
    new ResizeObserver(() => store.changed()).observe(this.scroll);
    this.list.addEventListener('click', (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest('.row');
      if (row) store.lead(Number(/** @type {HTMLElement} */ (row).dataset.n));
    });
    store.watch(() => this.draw());
  }

  /** Places the rows that have come. */
  place() {
    const { rows } = this.store;
    if (this.epoch !== this.store.epoch) this.begin();
    for (let n = this.tops.length; n < rows.length; n += 1) {
      if (this.store.folded.has(n - 1)) {
        this.tops.push(this.tops[n - 1]);
        this.shown.get(n - 1)?.remove();
        this.shown.delete(n - 1);
        continue;
      }
      if (this.gap(n) > 0) {
        this.cut.add(this.end + CUT);
        this.end += CUT;
      }
      this.tops.push(this.end);
      this.end += this.tall(rows[n]);
    }
  }

  /** How high a row is. @param {Row} row */
  tall(row) {
    if (!row.packet) return PLAIN;
    const calls = [row.calls.client, row.calls.server].filter(Boolean).length;
    return this.below ? ARROW + calls * CALLS : ARROW;
  }

  /** All rows are placed anew: another log is shown from now on, or calls elsewhere. */
  begin() {
    this.epoch = this.store.epoch;
    this.cut.clear();
    this.tops = [];
    this.end = 0;
    for (const shown of this.shown.values()) shown.remove();
    this.shown.clear();
    this.followed = -1;
    this.scroll.scrollTop = 0;
    this.arrows.begin();
  }

  /** How much later a row is than the one that is shown above it, if that is cut. @param {number} n */
  gap(n) {
    const { rows, folded } = this.store;
    let above = n - 1;
    while (folded.has(above)) above -= 1;
    const gap = above >= 0 ? rows[n].t_ns - rows[above].t_ns : 0;
    return gap > IDLE_NS ? gap : 0;
  }

  /** The row at a height. @param {number} y */
  at(y) {
    let [low, high] = [0, this.tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle] <= y) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** The height of a moment: between two rows in proportion to the time that lies between them. @param {number} t_ns */
  height(t_ns) {
    const { rows } = this.store;
    let [low, high] = [0, this.tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].t_ns <= t_ns) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    if (low >= this.tops.length) return this.tops[this.tops.length - 1] ?? 0;
    const [from, to] = [rows[low - 1].t_ns, rows[low].t_ns];
    const [top, next] = [this.tops[low - 1], this.tops[low]];
    return top + ((next - top) * (t_ns - from)) / (to - from);
  }

  draw() {
    const { store, messages } = this;
    const stateless = store.isStateless();
    this.parent.classList.toggle('stateless', stateless);
    const below = NARROW.matches || (stateless && MEDIUM.matches);
    if (below !== this.below) {
      this.below = below;
      this.begin();
    }
    const reads = focused(this.list) !== null;
    this.place();
    this.heading();
    // For tests: how many rows there are, and how many of them a later one stands for.
    this.list.dataset.rows = String(store.rows.length);
    this.list.dataset.folded = String(store.folded.size);
    this.list.style.height = `${Math.max(this.end, 1)}px`;
    // The panel below is another one, or the browser's window.
    const high = this.scroll.clientHeight;
    if (high !== this.high && this.sees) this.followed = -1;
    this.high = high;
    if (store.chosen !== this.followed) {
      this.followed = store.chosen;
      this.reveal(store.chosen);
    }
    const look = `${store.lang} ${store.absolute}`;
    if (look !== this.look) {
      this.look = look;
      for (const shown of this.shown.values()) shown.remove();
      this.shown.clear();
    }
    const top = this.scroll.scrollTop;
    const first = this.at(Math.max(0, top - OVERDRAW));
    const last = Math.min(store.rows.length - 1, this.at(top + this.scroll.clientHeight + OVERDRAW));
    for (const [n, shown] of this.shown) {
      if (n < first || n > last) {
        shown.remove();
        this.shown.delete(n);
      }
    }
    for (let n = first; n <= last && n < store.rows.length; n += 1) {
      if (store.folded.has(n)) continue;
      let shown = this.shown.get(n);
      if (!shown) {
        shown = this.row(store.rows[n]);
        this.shown.set(n, shown);
        this.list.append(shown);
      }
      const chosen = n === store.chosen;
      const row = /** @type {HTMLElement} */ (shown.lastElementChild);
      row.classList.toggle('chosen', chosen);
      row.setAttribute('aria-selected', String(chosen));
      row.tabIndex = chosen ? 0 : -1;
    }
    // The focus goes with the choice: what is read aloud is the row that is looked at.
    if (reads) {
      const row = /** @type {HTMLElement|undefined} */ (this.shown.get(store.chosen)?.lastElementChild);
      row?.focus({ preventScroll: true });
    }
    const chosen = this.tops[store.chosen] ?? 0;
    this.sees = chosen >= top - CUT && chosen < top + this.scroll.clientHeight;
    this.list.setAttribute('aria-label', messages.say('ladder'));
    this.arrows.draw(first, last, this.tops);
  }

  heading() {
    const { store, messages } = this;
    if (store.lang === this.named) return;
    this.named = store.lang;
    // Where calls have no room of their own, the columns of states have the hosts' names.
    const state = (/** @type {'client'|'server'} */ host) => element('span', '', null, [element('span', 'wide', messages.say('state')), element('span', 'narrow', messages.say(host))]);
    const cell = (/** @type {string} */ name) => element('span', '', messages.say(name));
    const ends = element('span', 'ends', null, [element('span', '', messages.say('client')), element('span', '', messages.say('server'))]);
    this.head.replaceChildren(cell('time'), cell('client'), state('client'), ends, state('server'), cell('server'));
  }

  /** Brings a row into the window. @param {number} n */
  reveal(n) {
    const top = this.tops[n];
    if (top === undefined) return;
    const { scrollTop, clientHeight } = this.scroll;
    const bottom = top + this.tall(this.store.rows[n]);
    if (top < scrollTop) this.scroll.scrollTop = top - CUT;
    else if (bottom > scrollTop + clientHeight) this.scroll.scrollTop = bottom - clientHeight;
  }

  /** @param {Row} row @returns {HTMLElement} */
  row(row) {
    const { store, messages } = this;
    const made = element('div', row.packet ? 'row' : 'row plain');
    made.dataset.n = String(row.n);
    made.style.top = `${this.tops[row.n]}px`;
    made.style.height = `${this.tall(row)}px`;
    made.classList.toggle('calls', this.tall(row) > ARROW);
    made.classList.toggle('both', this.tall(row) > ARROW + CALLS);
    made.setAttribute('role', 'option');
    made.setAttribute('aria-posinset', String(row.n + 1));
    made.setAttribute('aria-setsize', '-1');
    made.append(element('span', 't', format.seconds(row.t_ns)));
    const nothing = !row.packet && !row.calls.client && !row.calls.server && !row.states.client && !row.states.server;
    if (nothing) {
      made.classList.add('told');
      made.append(element('span', 'remark', messages.sentences(row.sayings)));
    } else {
      const call = (/** @type {'client'|'server'} */ host) => {
        const cell = row.calls[host];
        return element('span', `call ${host[0]}`, cell ? format.call(cell) : '');
      };
      const state = (/** @type {'client'|'server'} */ host) => {
        const cell = row.states[host];
        const mark = cell && (cell.known === 'deduced' || cell.known === 'passed') ? '~' : '';
        const name = `st ${host[0]}${cell && cell.before !== cell.after ? ' new' : ''}`;
        const made = element('span', name, cell ? mark + cell.after : '');
        if (cell && mark) made.title = `~ ${messages.say(`known.${cell.known}`)}`;
        return made;
      };
      const lost = row.packet?.fate === 'dropped' ? ' lost' : '';
      // The column is the arrow's; behind the words themselves no other arrow is seen.
      const words = element('span', '', format.label(row, messages));
      words.title = words.textContent ?? '';
      const label = element('span', `label${lost}`, null, [words]);
      made.append(call('client'), state('client'), label, state('server'), call('server'));
    }
    made.setAttribute('aria-description', this.spoken(row));
    const gap = this.gap(row.n);
    const wrapped = element('div', '', null, [made]);
    if (gap > 0 && this.cut.has(this.tops[row.n])) {
      const cut = element('div', 'idle', null, [element('span', '', messages.say('later', { time: format.length(gap) }))]);
      cut.style.top = `${this.tops[row.n] - CUT + 4}px`;
      cut.setAttribute('aria-hidden', 'true');
      wrapped.prepend(cut);
    }
    return wrapped;
  }

  /** What a row does not show by words: who sends, what became of it, and what there is to say. @param {Row} row */
  spoken(row) {
    const { store, messages } = this;
    const parts = [];
    if (row.packet) parts.push(messages.say(row.packet.from));
    if (row.packet?.fate === 'dropped') parts.push(messages.say('dropped'));
    parts.push(...row.sayings.map((saying) => saying.text[store.lang]));
    return parts.join('. ');
  }
}
