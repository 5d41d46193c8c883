// The textbook's chapter as a path through scenarios.

import { refill } from './focus.js';
import { button, element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */
/** @typedef {import('./chooser.js').Chooser} Chooser */

/** The steps of the chapter, each with the scenarios that show it. @type {[string, string[]][]} */
const STEPS = [
  ['chapter.opening', ['handshake', 'syn-lost', 'refused']],
  ['chapter.closing', ['close-four', 'close-three', 'last-ack-lost']],
  ['chapter.against', ['data-lost', 'udp-lost', 'stream-merged', 'udp-boundaries']],
  ['chapter.tftp', ['tftp-get', 'tftp-data-lost']],
];

export class Chapter {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages @param {Chooser} chooser */
  constructor(place, store, messages, chooser) {
    this.place = place;
    this.store = store;
    this.messages = messages;
    this.chooser = chooser;
    this.drawn = '';
    store.watch(() => this.draw());
  }

  draw() {
    const { store, messages } = this;
    const drawn = JSON.stringify([store.lang, store.choices.length, store.scenario]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const list = element('ol', 'chapter');
    for (const [name, scenarios] of STEPS) {
      const item = element('li', '', null, [element('b', '', messages.say(name))]);
      for (const scenario of scenarios) {
        const it = store.choices.find((choice) => choice.name === scenario);
        if (it) item.append(this.step(it));
      }
      list.append(item);
    }
    const none = store.choices.length === 0 ? element('p', 'how', messages.say('chapter.none')) : null;
    refill(this.place, () => [element('h3', '', messages.say('chapter')), ...(none ? [none] : []), list]);
  }

  /** @param {import('./store.js').Choice} it */
  step(it) {
    const { lang } = this.store;
    const made = button(it.title?.[lang] ?? it.name, () => this.chooser.start(it.name));
    made.dataset.scenario = it.name;
    if (it.name === this.store.scenario) made.setAttribute('aria-current', 'step');
    return element('div', 'step', null, [made, element('span', 'how', it.look?.[lang] ?? '')]);
  }
}
