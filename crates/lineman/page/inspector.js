// The chosen row: what there is to say, how its states are known, and the fields and bytes of its packet.

import * as format from './format.js';
import { element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Field} Field */

export class Inspector {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages */
  constructor(place, store, messages) {
    this.place = place;
    this.store = store;
    this.messages = messages;
    this.drawn = '';
    /** What was asked for last. @type {{n: number, epoch: number, packet: {fields: Field[], bytes: string}}|undefined} */
    this.asked = undefined;
    store.watch(() => this.draw());
  }

  draw() {
    const { store, messages } = this;
    const row = store.row();
    // Where nothing has happened yet, the user is told how to begin.
    const begins = store.rows.length === 0 && store.choices.length > 0 && store.drives() && !store.walks;
    const drawn = `${store.epoch} ${store.lang} ${store.absolute} ${row?.n} ${begins}`;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    if (!row) {
      this.place.replaceChildren(element('p', '', messages.say(begins ? 'inspector.begin' : 'inspector.empty')));
      return;
    }
    const parts = [];
    const label = format.label(row, messages);
    const name = row.packet ? `#${row.packet.id} ${label}` : `${format.seconds(row.t_ns)} s`;
    parts.push(element('h2', '', name));
    for (const host of /** @type {const} */ (['client', 'server'])) {
      // As a whole: the ladder has no room for long ones.
      const call = row.calls[host];
      if (call) parts.push(element('p', '', null, [element('span', 'how', messages.say('of', { what: messages.say(host), is: '' })), element('code', '', format.call(call))]));
    }
    const own = row.packet?.connection;
    if (own) parts.push(element('p', 'how', messages.say(own.includes('-') ? 'connection.both' : 'connection', { own })));
    for (const saying of row.sayings) parts.push(element('p', '', saying.text[store.lang]));
    for (const host of /** @type {const} */ (['client', 'server'])) {
      const cell = row.states[host];
      if (!cell || cell.before === cell.after) continue;
      const way = [cell.before, cell.through, cell.after].filter((it, at, all) => it && it !== all[at - 1]);
      parts.push(element('p', 'how', messages.say('of.known', { what: messages.say(host), is: way.join(' → '), known: messages.say(`known.${cell.known}`) })));
    }
    this.place.replaceChildren(...parts);
    this.place.scrollTop = 0;
    if (row.packet?.bytes) this.fetch(row.n, drawn);
  }

  /** Fields and bytes come when a row is looked at. @param {number} n @param {string} drawn */
  async fetch(n, drawn) {
    try {
      const { epoch } = this.store;
      if (this.asked?.n !== n || this.asked.epoch !== epoch) {
        const answer = await fetch(`packet/${n}`);
        if (!answer.ok) return;
        this.asked = { n, epoch, packet: await answer.json() };
      }
      if (this.drawn === drawn) this.place.append(this.packet(this.asked.packet));
    } catch {
      // lineman has stopped, and the banner says so
    }
  }

  /** Fields beside bytes: who is pointed at is marked in both. @param {{fields: Field[], bytes: string}} packet */
  packet(packet) {
    const { messages } = this;
    const hex = element('p', 'hex');
    const bytes = packet.bytes.match(/../g) ?? [];
    const marks = bytes.map((byte) => element('span', '', byte));
    // Lines have sixteen bytes, or eight where there is no room.
    for (let at = 0; at < marks.length; at += 8) {
      const eight = element('span', 'eight');
      for (const mark of marks.slice(at, at + 8)) eight.append(mark, ' ');
      hex.append(eight, ' ');
    }
    const table = element('table', 'fields');
    let layer = '';
    const lines = packet.fields.map((field) => {
      const line = element('tr', '', null, [
        element('th', '', field.layer === layer ? '' : field.layer),
        element('td', '', field.name[this.store.lang]),
        element('td', '', field.value),
      ]);
      layer = field.layer;
      table.append(line);
      return line;
    });
    /** @param {number} nth */
    const mark = (nth) => {
      lines.forEach((line, at) => line.classList.toggle('on', at === nth));
      const field = packet.fields[nth];
      marks.forEach((it, at) => it.classList.toggle('on', field !== undefined && at >= field.from && at < field.to));
    };
    lines.forEach((line, nth) => {
      line.addEventListener('mouseenter', () => mark(nth));
      line.addEventListener('focus', () => mark(nth));
      line.tabIndex = nth ? -1 : 0;
    });
    // By keyboard one field is reached, and from there the others.
    table.addEventListener('keydown', (event) => {
      const nth = lines.indexOf(/** @type {HTMLElement} */ (event.target));
      const to = { ArrowDown: nth + 1, ArrowUp: nth - 1, Home: 0, End: lines.length - 1 }[event.key];
      if (nth < 0 || to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      lines[Math.max(0, Math.min(to, lines.length - 1))].focus();
    });
    table.addEventListener('focusout', () => mark(-1));
    marks.forEach((it, at) => it.addEventListener('mouseenter', () => mark(packet.fields.findLastIndex((field) => at >= field.from && at < field.to))));
    const left = element('div', '', null, [element('h2', '', messages.say('fields')), table]);
    const right = element('div', '', null, [element('h2', '', messages.say(this.store.ladder?.origin === 'inferred' ? 'bytes.captured' : 'bytes')), hex]);
    const parts = element('div', 'parts', null, [left, right]);
    parts.addEventListener('mouseleave', () => mark(-1));
    return parts;
  }
}
