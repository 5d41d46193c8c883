// Everything by keyboard, and the list of keys.

import { button, element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */
/** @typedef {{keys: string[], shown: string, name: string, act: () => void}} Key */

export class Keys {
  /** @param {HTMLDialogElement} dialog @param {Store} store @param {Messages} messages @param {Key[]} keys */
  constructor(dialog, store, messages, keys) {
    this.dialog = dialog;
    this.messages = messages;
    this.keys = [...keys, { keys: ['?'], shown: '?', name: 'key.list', act: () => this.show() }];
    document.addEventListener('keydown', (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input, select, textarea')) return;
      if (target.matches('button') && (event.key === 'Enter' || event.key === ' ')) return;
      const key = this.keys.find((it) => it.keys.includes(event.key));
      if (!key || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      key.act();
      store.changed();
    });
  }

  show() {
    const { dialog, messages } = this;
    const list = element('dl');
    for (const key of this.keys) list.append(element('dt', '', key.shown), element('dd', '', messages.say(key.name)));
    dialog.replaceChildren(element('h2', '', messages.say('keys')), list, button(messages.say('close'), () => dialog.close()));
    dialog.showModal();
  }
}
