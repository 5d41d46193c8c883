// The page's own words, from the same tables as the terminal's.

/** @typedef {import('./store.js').Store} Store @typedef {import('./store.js').Told} Told */

export class Messages {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Record<string, Record<string, string>>} */
    this.words = {};
    /** What English counts, and one of it. @type {Record<string, string>} */
    this.one = {};
  }

  async fetch() {
    const answer = await fetch('words');
    const { first, one, ...words } = await answer.json();
    this.words = words;
    this.one = one;
    this.store.lang = first;
  }

  /** Whether there are words of this name. @param {string} name */
  knows(name) {
    return name in (this.words[this.store.lang] ?? {});
  }

  /** The words of this name, with its places filled. @param {string} name @param {Record<string, string|number>} [fields] */
  say(name, fields = {}) {
    const text = this.words[this.store.lang]?.[name] ?? name;
    return text.replace(/\{(\w+)\}(?: ([a-z]+))?/g, (whole, field, noun) => {
      const value = fields[field] ?? `{${field}}`;
      const counted = this.store.lang === 'en' && String(value) === '1' ? (this.one[noun] ?? noun) : noun;
      return noun === undefined ? String(value) : `${value} ${counted}`;
    });
  }

  /** Sentences one after the other. @param {{text: import('./store.js').Both}[]} sayings */
  sentences(sayings) {
    const { lang } = this.store;
    return sayings.map(({ text }) => text[lang]).join(lang === 'zh' ? '' : ' ');
  }

  /** What was told, in the language that is chosen now. @param {Told} text */
  told(text) {
    if (typeof text === 'string') return text;
    return 'name' in text ? this.say(text.name) : text[this.store.lang];
  }
}

/**
 * An element with a class, a text and children. Texts are never markup.
 * @param {string} tag @param {string} [name] @param {string|null} [text] @param {(Node|null)[]} [children]
 * @returns {HTMLElement}
 */
export function element(tag, name = '', text = null, children = []) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== null) made.textContent = text;
  made.append(.../** @type {Node[]} */ (children.filter(Boolean)));
  return made;
}

/** @param {string} text @param {() => void} act @param {string} [hint] */
export function button(text, act, hint = '') {
  const made = /** @type {HTMLButtonElement} */ (element('button', '', text));
  made.type = 'button';
  if (hint) made.title = hint;
  made.addEventListener('click', act);
  return made;
}

/**
 * An input of a type, with attributes.
 * @param {string} type @param {Record<string, string>} attributes
 */
export function field(type, attributes) {
  const made = /** @type {HTMLInputElement} */ (element('input'));
  made.type = type;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export const select = () => /** @type {HTMLSelectElement} */ (element('select'));

/**
 * Controls that belong together under a heading; those with a name have it before them.
 * @param {string} name @param {(HTMLElement|[string, HTMLElement])[]} controls
 */
export function group(name, controls) {
  const made = element('fieldset', '', null, [element('legend', '', name)]);
  for (const it of controls) {
    made.append(Array.isArray(it) ? element('label', '', null, [element('span', '', it[0]), it[1]]) : it);
  }
  return made;
}
