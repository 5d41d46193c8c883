// All scenarios, each with what it shows and what to look at; one of them begins anew.

import { button, element, field } from './messages.js';
import { order } from './stream.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

export class Chooser {
  /** @param {HTMLDialogElement} dialog @param {Store} store @param {Messages} messages */
  constructor(dialog, store, messages) {
    this.dialog = dialog;
    this.store = store;
    this.messages = messages;
    this.ipv6 = field('checkbox', {});
  }

  /**
   * Begins a lab: with this scenario, or with none; as the one before, or with its packets held.
   * @param {string|null} scenario @param {boolean} step @param {{ipv6?: boolean, rules?: string}} more
   */
  async start(scenario, step = this.store.holds, more = {}) {
    this.dialog.close();
    return order(this.store, { do: 'start', scenario, ipv6: this.ipv6.checked, step: step && scenario !== null, ...more });
  }

  /** The same once more, with the rules that hold now. @param {boolean} [step] whether every packet is held */
  restart(step) {
    const { scenario, ipv6, rules } = this.store;
    this.start(scenario, step, { ipv6, rules });
  }

  /** The same once more, and every packet held. */
  hold() {
    this.restart(true);
  }

  show() {
    const { dialog, store, messages } = this;
    const say = (/** @type {string} */ name) => messages.say(name);
    this.ipv6.checked = store.ipv6;
    const list = element('div', 'choices');
    list.append(this.choice(null, say('choose.none'), say('choose.none.look')));
    let subject = '';
    for (const it of store.choices) {
      if (it.subject !== subject) {
        subject = it.subject;
        list.append(element('h3', '', say(`subject.${subject}`)));
      }
      list.append(this.choice(it.name, it.title?.[store.lang] ?? it.name, it.look?.[store.lang] ?? ''));
    }
    dialog.replaceChildren(
      element('h2', '', say('choose')),
      element('p', 'how', say('choose.hint')),
      element('label', '', null, [this.ipv6, element('span', '', ' IPv6')]),
      list,
      button(say('close'), () => dialog.close()),
    );
    dialog.setAttribute('aria-label', say('choose'));
    // There are fifty: from the one that is played the others are near.
    list.addEventListener('keydown', (event) => {
      const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('.choice')]);
      const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
      const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      all[Math.max(0, Math.min(to, all.length - 1))].focus();
    });
    dialog.showModal();
    /** @type {HTMLElement|null} */ (list.querySelector('[aria-current]'))?.focus();
  }

  /** @param {string|null} name @param {string} title @param {string} look */
  choice(name, title, look) {
    const made = button('', () => this.start(name));
    made.className = 'choice';
    made.dataset.scenario = name ?? '';
    made.append(element('b', '', title), element('code', '', name ?? ''), element('span', 'how', look));
    if (name === this.store.scenario) made.setAttribute('aria-current', 'true');
    return made;
  }
}
