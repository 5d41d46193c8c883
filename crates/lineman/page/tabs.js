// The panels below the ladder, one of which is seen.

import { element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

export class Tabs {
  /** @param {HTMLElement} bar @param {Store} store @param {Messages} messages @param {[string, HTMLElement, (() => boolean)?][]} panels by the names of their words, each with when there is something to do in it */
  constructor(bar, store, messages, panels) {
    this.panels = panels;
    this.store = store;
    bar.setAttribute('role', 'tablist');
    this.tabs = panels.map(([name, panel], at) => {
      const tab = element('button', 'tab');
      tab.setAttribute('type', 'button');
      tab.setAttribute('role', 'tab');
      tab.id = `tab-${panel.id}`;
      tab.dataset.tab = panel.id;
      tab.setAttribute('aria-controls', panel.id);
      panel.setAttribute('aria-labelledby', tab.id);
      panel.setAttribute('role', 'tabpanel');
      panel.tabIndex = 0;
      tab.addEventListener('click', () => this.show(panel.id));
      tab.addEventListener('keydown', (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        let next = at;
        do next = (next + by + panels.length) % panels.length;
        while (this.tabs[next].hidden);
        this.show(panels[next][1].id);
        this.tabs[next].focus();
      });
      bar.append(tab);
      return { tab, name };
    }).map(({ tab }) => tab);
    store.watch(() => {
      bar.setAttribute('aria-label', messages.say('panels'));
      panels.forEach(([name, panel, when], at) => {
        this.tabs[at].hidden = when !== undefined && !when();
        if (this.tabs[at].hidden && !panel.hidden) this.show(panels[0][1].id);
        if (this.tabs[at].textContent !== messages.say(name)) this.tabs[at].textContent = messages.say(name);
      });
    });
    this.show(panels[0][1].id);
  }

  /** @param {string} id */
  show(id) {
    this.panels.forEach(([, panel], at) => {
      const shown = panel.id === id;
      panel.hidden = !shown;
      this.tabs[at].setAttribute('aria-selected', String(shown));
      this.tabs[at].tabIndex = shown ? 0 : -1;
    });
    this.store.changed();
  }
}
