// Everything by keyboard, and the list of keys.

import { button, element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */
/** @typedef {{keys: string[], shown: string, name: string, when: () => boolean, act: () => void}} Key */

export class Keys {
  /** @param {HTMLDialogElement} dialog @param {Store} store @param {Messages} messages @param {Key[]} keys */
  constructor(dialog, store, messages, keys) {
    this.dialog = dialog;
    this.messages = messages;
    this.keys = [...keys, { keys: ['?', 'h'], shown: '? h', name: 'key.list', when: () => true, act: () => this.show() }];
    document.addEventListener('keydown', (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (takes(target, event.key)) {
        // Back to where keys are heard.
        if (event.key === 'Escape' && !document.querySelector('dialog[open]')) target.blur();
        return;
      }
      if (target.matches('button') && (event.key === 'Enter' || event.key === ' ')) return;
      const key = this.keys.find((it) => it.keys.includes(event.key) && it.when());
      if (!key || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      key.act();
      store.changed();
    });
  }

  show() {
    const { dialog, messages } = this;
    const list = element('dl');
    for (const key of this.keys.filter((it) => it.when())) list.append(element('dt', '', key.keys[0] === ' ' ? messages.say('key.space') : key.shown), element('dd', '', messages.say(key.name)));
    dialog.replaceChildren(element('h2', '', messages.say('keys')), list, button(messages.say('close'), () => dialog.close()));
    // What cannot be reached by a letter is reached by these, as everywhere.
    list.append(element('dt', '', 'Tab'), element('dd', '', messages.say('key.tab')), element('dt', '', 'Esc'), element('dd', '', messages.say('key.escape')));
    dialog.setAttribute('aria-label', messages.say('keys'));
    dialog.showModal();
  }
}

/** Whether a key is for the element that has the focus. @param {HTMLElement} target @param {string} key */
function takes(target, key) {
  // A dialog that was closed a moment ago may have it still.
  if (target.closest('dialog:not([open])')) return false;
  if (target.matches('input[type="checkbox"]')) return key === ' ' || key === 'Escape';
  return target.matches('input, select, textarea');
}
