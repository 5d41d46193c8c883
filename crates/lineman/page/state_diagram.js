// The eleven states of TCP (RFC 9293, figure 5): where a host is, and the way that it took.

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

/** Where each state is drawn. @type {Record<string, [number, number]>} */
const STATES = {
  CLOSED: [108, 13],
  LISTEN: [48, 55],
  'SYN-SENT': [168, 55],
  'SYN-RECEIVED': [48, 99],
  ESTABLISHED: [168, 99],
  'FIN-WAIT-1': [48, 147],
  'CLOSE-WAIT': [168, 147],
  CLOSING: [108, 179],
  'FIN-WAIT-2': [48, 211],
  'LAST-ACK': [168, 211],
  'TIME-WAIT': [108, 249],
};

/** Which states follow which. @type {[string, string][]} */
const WAYS = [
  ['CLOSED', 'LISTEN'], ['CLOSED', 'SYN-SENT'], ['LISTEN', 'SYN-RECEIVED'], ['SYN-SENT', 'SYN-RECEIVED'], ['SYN-SENT', 'ESTABLISHED'],
  ['SYN-RECEIVED', 'ESTABLISHED'], ['SYN-RECEIVED', 'FIN-WAIT-1'], ['ESTABLISHED', 'FIN-WAIT-1'], ['ESTABLISHED', 'CLOSE-WAIT'],
  ['FIN-WAIT-1', 'FIN-WAIT-2'], ['FIN-WAIT-1', 'CLOSING'], ['CLOSE-WAIT', 'LAST-ACK'], ['FIN-WAIT-2', 'TIME-WAIT'], ['CLOSING', 'TIME-WAIT'],
  ['LAST-ACK', 'CLOSED'], ['TIME-WAIT', 'CLOSED'],
];
const [HALF_WIDTH, HALF_HEIGHT] = [47, 12];

/** @param {string} tag @param {Record<string, string|number>} attributes @param {string} [text] */
function svg(tag, attributes, text = '') {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.textContent = text;
  return made;
}

export class StateDiagram {
  /** @param {HTMLElement} place @param {'client'|'server'} host @param {Store} store @param {Messages} messages */
  constructor(place, host, store, messages) {
    this.host = host;
    this.store = store;
    this.messages = messages;
    this.picture = svg('svg', { viewBox: '0 0 216 263', role: 'img' });
    place.append(this.picture);
    this.drawn = '';
    /** Rows that were looked at, and the way that they tell. @type {[number, string[]]} */
    this.told = [0, []];
    this.epoch = store.epoch;
    store.watch(() => this.draw());
  }

  /** The states in the order in which the rows up to the chosen one tell of them. */
  way() {
    const { store, host } = this;
    const last = Math.min(store.chosen + 1, store.rows.length);
    if (this.epoch !== store.epoch || this.told[0] > last) this.told = [0, []];
    this.epoch = store.epoch;
    const [, way] = this.told;
    for (let n = this.told[0]; n < last; n += 1) {
      const cell = store.rows[n].states[host];
      if (!cell) continue;
      // Another socket of this host begins where the last one was not.
      if (way[way.length - 1] !== cell.before) way.push(cell.before);
      if (cell.through) way.push(cell.through);
      if (cell.after !== way[way.length - 1]) way.push(cell.after);
    }
    this.told[0] = last;
    return way;
  }

  draw() {
    const { store, messages, host } = this;
    const way = this.way();
    const now = way[way.length - 1];
    this.picture.classList.toggle('none', way.length === 0);
    const drawn = `${store.epoch} ${store.lang} ${way.length} ${now} ${document.documentElement.dataset.theme}`;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const steps = new Set(way.slice(1).map((state, at) => `${way[at]} ${state}`));
    const title = `${messages.say(host)}: ${now ?? messages.say('no.socket')}`;
    const parts = [svg('title', {}, title)];
    for (const [from, to] of WAYS) {
      const [[x0, y0], [x1, y1]] = [STATES[from], STATES[to]];
      const taken = steps.has(`${from} ${to}`);
      parts.push(svg('line', {
        x1: x0, y1: y0, x2: x1, y2: y1,
        stroke: taken ? `var(--${host})` : 'var(--line)',
        'stroke-width': taken ? 3 : 1,
      }));
    }
    for (const [state, [x, y]] of Object.entries(STATES)) {
      const live = state === now;
      const seen = way.includes(state);
      parts.push(svg('rect', {
        x: x - HALF_WIDTH, y: y - HALF_HEIGHT, width: 2 * HALF_WIDTH, height: 2 * HALF_HEIGHT, rx: 5,
        fill: live ? `var(--${host})` : 'var(--paper)',
        stroke: seen ? `var(--${host})` : 'var(--line)',
        'stroke-width': seen ? 2 : 1,
      }));
      parts.push(svg('text', {
        x, y: y + 4, 'text-anchor': 'middle', 'font-size': 10.6, fill: live ? 'var(--paper)' : 'var(--ink)',
        'font-weight': live ? 700 : 400,
      }, state));
    }
    this.picture.replaceChildren(...parts);
  }
}
