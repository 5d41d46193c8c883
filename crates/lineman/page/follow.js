// What leads back to what happens now, for those who have no End key at hand.

import { focused } from './focus.js';
import { button } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

export class Follow {
  /** @param {import('./ladder.js').Ladder} ladder @param {Store} store @param {Messages} messages */
  constructor(ladder, store, messages) {
    const made = button('', () => {
      // The button is gone with that: a user of the keyboard goes on in the ladder.
      if (focused(ladder.parent) === made) /** @type {HTMLElement|null} */ (ladder.list.querySelector('.row.chosen'))?.focus();
      store.follow();
    });
    made.className = 'follow';
    ladder.scroll.after(made);
    let lang = '';
    store.watch(() => {
      made.hidden = store.following || !store.decides() || store.rows.length === 0;
      if (lang === store.lang) return;
      lang = store.lang;
      made.textContent = messages.say('follow');
      made.title = messages.say('key.follow');
    });
  }
}
