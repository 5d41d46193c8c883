// The log as a file, in forms that other programs read; and the command by which the lab can be had again.

import { button, element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

/** How the files of forms end, where that is not the form's name. @type {Record<string, string>} */
const ENDS = { mermaid: 'mmd', rows: 'rows.jsonl', text: 'txt', perfetto: 'perfetto.json' };
/** No browser draws a picture that is higher or wider, in pixels. */
const LARGEST_PICTURE = 16384;

export class Exports {
  /** @param {HTMLDialogElement} dialog @param {Store} store @param {Messages} messages */
  constructor(dialog, store, messages) {
    this.dialog = dialog;
    this.store = store;
    this.messages = messages;
  }

  show() {
    const { dialog, store, messages } = this;
    const say = (/** @type {string} */ name) => messages.say(name);
    const name = store.ladder?.scenario ?? 'lineman';
    const forms = store.forms.map((form) => {
      const link = /** @type {HTMLAnchorElement} */ (element('a', 'button', messages.knows(`export.${form}`) ? say(`export.${form}`) : form));
      link.href = `export/${store.lang}/${form}`;
      link.download = `${name}.${ENDS[form] ?? form}`;
      link.dataset.form = form;
      return element('li', '', null, [link]);
    });
    const png = button(say('export.png'), () => this.picture(`${name}.png`));
    png.dataset.form = 'png';
    const parts = [
      element('h2', '', say('export')),
      element('p', 'how', say('export.hint')),
      element('ul', 'forms', null, [...forms, element('li', '', null, [png])]),
    ];
    if (store.command) {
      const line = element('code', 'command', store.command);
      line.tabIndex = 0;
      parts.push(
        element('h2', '', say('again')),
        element('p', 'how', say('again.hint')),
        line,
        button(say('again.copy'), () => this.copy(store.command ?? '')),
      );
    }
    this.told = element('p', 'how');
    this.told.setAttribute('role', 'status');
    dialog.replaceChildren(...parts, this.told, element('div', '', null, [button(say('close'), () => dialog.close())]));
    dialog.setAttribute('aria-label', say('export'));
    dialog.showModal();
  }

  /** @param {string} command */
  async copy(command) {
    try {
      await navigator.clipboard.writeText(command);
      if (this.told) this.told.textContent = this.messages.say('again.copied');
    } catch {
      if (this.told) this.told.textContent = this.messages.say('again.kept');
    }
  }

  /** Draws the picture that lineman writes, as it is, and keeps its pixels. @param {string} name */
  async picture(name) {
    const say = (/** @type {string} */ it) => this.messages.say(it);
    try {
      const answer = await fetch(`export/${this.store.lang}/svg`);
      const svg = URL.createObjectURL(await answer.blob());
      const image = new Image();
      image.src = svg;
      await image.decode();
      const { naturalWidth: width, naturalHeight: height } = image;
      if (width > LARGEST_PICTURE || height > LARGEST_PICTURE) throw new Error(say('export.png.large'));
      const canvas = document.createElement('canvas');
      canvas.width = width;
      canvas.height = height;
      /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).drawImage(image, 0, 0);
      URL.revokeObjectURL(svg);
      const pixels = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(pixels);
      link.download = name;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      if (this.told) this.told.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}
