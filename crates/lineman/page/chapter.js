// The textbook's chapter as a path: each step leads to its packet in the ladder, or begins the scenario that shows it.

import { refill } from './focus.js';
import { button, element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */
/** @typedef {import('./chooser.js').Chooser} Chooser */

/**
 * A packet that has a name in the chapter: what is said of it and of no other, and the scenario that has it.
 * @typedef {{name: string, sayings: string[], scenario: string}} Step
 */

/**
 * So long nothing may be to come before a step waits no more, in milliseconds: which packets are held and which timers run is told
 * a moment after the end of a script.
 */
const OVER_MS = 1000;

/** @param {string} scenario @param {[string, string[]][]} steps @returns {Step[]} */
const packets = (scenario, steps) => steps.map(([name, sayings]) => ({ name, sayings, scenario }));

/** The parts of the chapter, each with its packets and the scenarios that show it. @type {[string, Step[], string[]][]} */
const PARTS = [
  ['opening', packets('handshake', [
    ['shake.first', ['syn.first']],
    ['shake.second', ['synack.reply']],
    ['shake.third', ['ack.third']],
  ]), ['handshake', 'stale-syn', 'syn-lost', 'refused']],
  ['closing', packets('close-four', [
    ['wave.first', ['fin.first']],
    ['wave.second', ['ack.fin', 'ack.fin.delayed', 'fin.combined']],
    ['wave.third', ['fin.second', 'fin.combined']],
    ['wave.fourth', ['ack.fin.last']],
  ]), ['close-four', 'close-three', 'last-ack-lost']],
  ['against', packets('udp-lost', [['datagram', ['udp']]]), ['data-lost', 'udp-lost', 'stream-merged', 'udp-boundaries']],
  ['tftp', packets('tftp-get', [
    ['tftp.rrq', ['tftp.rrq']],
    ['tftp.data', ['tftp.data']],
    ['tftp.ack', ['tftp.ack']],
    ['tftp.last', ['tftp.last']],
    ['tftp.end', ['tftp.ack.last']],
  ]), ['tftp-get', 'tftp-data-lost']],
];

export class Chapter {
  /**
   * @param {HTMLElement} place @param {Store} store @param {Messages} messages @param {Chooser} chooser
   * @param {() => boolean} hides whether what follows is to be guessed
   */
  constructor(place, store, messages, chooser, hides) {
    this.place = place;
    this.store = store;
    this.messages = messages;
    this.chooser = chooser;
    this.hides = hides;
    /** The step whose packet has not come. @type {Step|null} */
    this.waits = null;
    /** The step without whose packet the scenario has ended. @type {Step|null} */
    this.missed = null;
    /** The log in whose place a step begins another. @type {import('./store.js').Row[]|null} */
    this.before = null;
    /** What ends the waiting, where nothing is to come. @type {number|undefined} */
    this.ends = undefined;
    /** The first row of which each thing is said, and how many rows were looked at. @type {Map<string, number>} */
    this.first = new Map();
    this.seen = 0;
    /** The log that this was read in. */
    this.log = store.all;
    this.drawn = '';
    store.watch(() => this.draw());
  }

  /** Remembers where what is said of rows is said first. */
  read() {
    const { store } = this;
    if (this.log !== store.all) {
      this.log = store.all;
      this.missed = null;
      this.first.clear();
      this.seen = 0;
    }
    for (; this.seen < store.all.length; this.seen += 1) {
      for (const { id } of store.all[this.seen].sayings) if (!this.first.has(id)) this.first.set(id, this.seen);
    }
  }

  /** The row of a step's packet, if the log has it. @param {Step} step */
  row(step) {
    const rows = step.sayings.map((id) => this.first.get(id)).filter((n) => n !== undefined);
    return rows.length ? Math.min(...rows) : undefined;
  }

  /** Whether the row that is looked at is this step's. @param {Step} step */
  isHere(step) {
    return this.store.row()?.sayings.some(({ id }) => step.sayings.includes(id)) ?? false;
  }

  /** Leads to a step's packet: here, or in the scenario that has it. @param {Step} step */
  async lead(step) {
    const { store } = this;
    this.waits = step;
    this.missed = this.before = null;
    store.changed();
    const comes = store.scenario === step.scenario && store.playing;
    if (this.row(step) !== undefined || comes) return;
    this.before = store.all;
    if (!(await this.chooser.start(step.scenario)) && this.waits === step) this.waits = null;
    store.changed();
  }

  /** Whether nothing comes any more by itself: no script is played, nothing is held, and no TCP has a timer by which it would send. */
  isOver() {
    const { store } = this;
    if (store.all === this.before) return false; // another lab is on its way
    if (store.ended) return true;
    const { held, client, server } = store.scene;
    return !store.playing && held.length === 0 && [...client.timers, ...server.timers].every(({ clock }) => clock === 'time_wait');
  }

  /** Waits no more for a packet that does not come. */
  end() {
    this.ends = undefined;
    this.read(); // nothing is drawn of a page that nobody sees
    if (!this.waits || this.row(this.waits) !== undefined || !this.isOver()) return;
    this.missed = this.store.scenario === null ? null : this.waits;
    this.waits = null;
    this.store.changed();
  }

  /** Goes to the packet that is waited for, if it has come. */
  go() {
    const { store, waits } = this;
    const n = waits ? this.row(waits) : undefined;
    if (!waits || n !== undefined || !this.isOver()) {
      clearTimeout(this.ends);
      this.ends = undefined;
    } else this.ends ??= window.setTimeout(() => this.end(), OVER_MS);
    if (!waits) return;
    if (n === undefined) {
      if (store.gone) this.waits = null;
      return;
    }
    // What follows a question is not shown before it is answered.
    if (n >= store.rows.length && this.hides()) return;
    this.waits = null;
    if (n >= store.rows.length) store.show(n + 1);
    store.lead(n);
  }

  draw() {
    this.read();
    this.go();
    const { store, messages } = this;
    const { lang } = store;
    const here = PARTS.flatMap(([, steps]) => steps).filter((step) => this.isHere(step));
    const looks = here.length ? [store.chosen, ...here.map(({ name }) => name)] : [];
    const drawn = JSON.stringify([lang, store.choices.length, store.scenario, this.first.size, store.epoch, looks, this.waits?.name, this.missed?.name, this.hides(), store.walks, this.holds()]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const list = element('ol', 'chapter');
    for (const [name, steps, scenarios] of PARTS) {
      const item = element('li', '', null, [element('b', '', messages.say(`chapter.${name}`)), element('span', 'how', messages.say(`chapter.${name}.how`))]);
      const named = steps.filter((step) => store.choices.length || this.row(step) !== undefined);
      if (named.length) item.append(element('ol', 'named', null, named.map((step) => this.packet(step))));
      for (const scenario of scenarios) {
        const it = store.choices.find((choice) => choice.name === scenario);
        if (it) item.append(this.step(it));
      }
      list.append(item);
    }
    const none = store.choices.length === 0 ? element('p', 'how', messages.say('chapter.none')) : null;
    refill(this.place, () => [element('h3', '', messages.say('chapter')), ...(none ? [none] : []), list]);
  }

  /** @param {Step} step */
  packet(step) {
    const { store, messages } = this;
    const made = button(messages.say(`chapter.${step.name}`), () => this.lead(step));
    made.dataset.packet = step.name;
    const here = this.isHere(step);
    if (here) made.setAttribute('aria-current', 'step');
    const said = here ? messages.sentences(store.row()?.sayings ?? []) : '';
    const why = this.why(step);
    return element('li', '', null, [made, element('span', here ? 'said' : 'how', said || (why && messages.say(why)))]);
  }

  /** Whether there are packets to be delivered by hand. */
  holds() {
    return !this.store.walks && this.store.scene.held.length > 0;
  }

  /** Why a step has not led to its packet, if it was asked for: the name of the words. @param {Step} step */
  why(step) {
    if (this.missed === step && this.row(step) === undefined) return 'chapter.missed';
    if (this.waits !== step) return '';
    return this.hides() ? 'chapter.asked' : this.holds() ? 'chapter.held' : 'chapter.comes';
  }

  /** @param {import('./store.js').Choice} it */
  step(it) {
    const { lang } = this.store;
    const made = button(it.title?.[lang] ?? it.name, () => {
      this.waits = null;
      this.chooser.start(it.name);
    });
    made.dataset.scenario = it.name;
    if (it.name === this.store.scenario) made.setAttribute('aria-current', 'step');
    return element('div', 'step', null, [made, element('span', 'how', it.look?.[lang] ?? '')]);
  }
}
