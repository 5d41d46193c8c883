// Sequence numbers over time, and bytes in flight, of the connection that is looked at. The axis of time is the ladder's
// own: idle time is cut, and where a row is in one it is in the other.

import * as format from './format.js';
import { element } from './messages.js';
import { AllSeries } from './series.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Host} Host @typedef {import('./series.js').Series} Series */

/** Room for numbers left of the axes, and below them, in pixels. */
const LEFT = 64;
const BELOW = 18;

export class Graphs {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages @param {import('./ladder.js').Ladder} ladder */
  constructor(place, store, messages, ladder) {
    this.place = place;
    this.store = store;
    this.messages = messages;
    this.ladder = ladder;
    this.series = new AllSeries(store);
    this.text = element('p', 'how');
    this.canvas = /** @type {HTMLCanvasElement} */ (element('canvas', 'graph'));
    this.canvas.setAttribute('role', 'img');
    this.canvas.hidden = true;
    this.canvas.addEventListener('click', (event) => {
      const x = (event.offsetX - LEFT) / (this.canvas.clientWidth - LEFT);
      if (store.rows.length && x >= 0) store.choose(ladder.at(x * ladder.end));
    });
    place.append(this.text, this.canvas);
    store.watch(() => this.draw());
  }

  draw() {
    const { store, messages, place, canvas, ladder } = this;
    if (place.hidden) return;
    this.series.take();
    const series = this.series.chosen();
    canvas.hidden = !series;
    if (!series) {
      this.text.textContent = messages.say('graphs.none');
      return;
    }
    const { client, server } = series.sent;
    const told = messages.say('graphs.told', { client, server, most: series.most });
    if (this.text.textContent !== told) this.text.textContent = told;
    canvas.setAttribute('aria-label', `${messages.say('graphs')}. ${told}`);
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name);
    pen.font = '12px system-ui, sans-serif';
    const half = height / 2;
    const x = (/** @type {number} */ n) => LEFT + (ladder.tops[n] / Math.max(1, ladder.end)) * (width - LEFT);
    // What the ladder shows now.
    const [from, to] = [ladder.scroll.scrollTop, ladder.scroll.scrollTop + ladder.scroll.clientHeight];
    pen.fillStyle = colour('--chosen');
    const scale = (width - LEFT) / Math.max(1, ladder.end);
    pen.fillRect(LEFT + from * scale, 0, Math.max(2, (Math.min(to, ladder.end) - from) * scale), height);
    const axis = (/** @type {number} */ top, /** @type {number} */ most, /** @type {string} */ name) => {
      pen.strokeStyle = colour('--line');
      pen.fillStyle = colour('--faint');
      pen.beginPath();
      pen.moveTo(LEFT, top + 14);
      pen.lineTo(LEFT, top + half - BELOW);
      pen.lineTo(width, top + half - BELOW);
      pen.stroke();
      pen.fillText(name, LEFT + 4, top + 11);
      pen.textAlign = 'right';
      pen.fillText(String(most), LEFT - 4, top + 24);
      pen.fillText('0', LEFT - 4, top + half - BELOW);
      pen.textAlign = 'left';
      return (/** @type {number} */ value) => top + half - BELOW - (value / most) * (half - BELOW - 18);
    };
    this.numbers(pen, series, axis(0, series.top, messages.say('graphs.seq')), x, colour);
    this.flight(pen, series, axis(half, series.most, messages.say('graphs.flight')), x, colour);
    pen.fillStyle = colour('--faint');
    const times = [0, 0.25, 0.5, 0.75, 1].map((part) => ladder.at(part * ladder.end));
    times.forEach((n, at) => {
      pen.textAlign = at === 0 ? 'left' : at === 4 ? 'right' : 'center';
      pen.fillText(`${format.seconds(store.rows[n].t_ns)} s`, LEFT + ((width - LEFT) * at) / 4, height - 3);
    });
    pen.textAlign = 'left';
    const now = store.row();
    if (now) {
      pen.strokeStyle = colour('--held');
      pen.beginPath();
      pen.moveTo(x(now.n), 14);
      pen.lineTo(x(now.n), height - BELOW);
      pen.stroke();
    }
  }

  /**
   * A bar for each segment, from its first number to its last; lost ones have a cross, repeated ones are hollow.
   * @param {CanvasRenderingContext2D} pen @param {Series} series @param {(value: number) => number} y @param {(n: number) => number} x
   * @param {(name: string) => string} colour
   */
  numbers(pen, series, y, x, colour) {
    for (const point of series.points) {
      const [at, top, bottom] = [x(point.n), y(point.end), y(point.seq)];
      pen.strokeStyle = pen.fillStyle = colour(point.lost ? '--lost' : `--${point.from}`);
      const height = Math.max(2, bottom - top);
      if (point.again) pen.strokeRect(at - 2, top, 4, height);
      else pen.fillRect(at - 1.5, top, 3, height);
      if (!point.lost) continue;
      pen.beginPath();
      pen.moveTo(at - 4, top - 4);
      pen.lineTo(at + 4, top + 4);
      pen.moveTo(at + 4, top - 4);
      pen.lineTo(at - 4, top + 4);
      pen.stroke();
    }
  }

  /**
   * A step at each change; the server's is dashed.
   * @param {CanvasRenderingContext2D} pen @param {Series} series @param {(value: number) => number} y @param {(n: number) => number} x
   * @param {(name: string) => string} colour
   */
  flight(pen, series, y, x, colour) {
    for (const host of /** @type {Host[]} */ (['client', 'server'])) {
      pen.strokeStyle = colour(`--${host}`);
      pen.setLineDash(host === 'server' ? [5, 3] : []);
      pen.beginPath();
      let before = 0;
      for (const point of series.flight) {
        if (point.from !== host) continue;
        pen.lineTo(x(point.n), y(before));
        pen.lineTo(x(point.n), y(point.bytes));
        before = point.bytes;
      }
      pen.stroke();
    }
    pen.setLineDash([]);
  }
}
