// Figures of the connection that is looked at, one graph below the other. The axis of time is the ladder's own: idle time
// is cut, and where a row is in one it is in the other.

import * as format from './format.js';
import { element } from './messages.js';
import { AllSeries } from './series.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Host} Host @typedef {import('./series.js').Series} Series */
/** @typedef {(name: string) => string} Colour @typedef {(value: number) => number} Place */
/**
 * What a graph shows: steps are lines, dotted ones are of a second kind, points are moments.
 * @typedef {{name: string, steps?: string, dotted?: string, points?: string, show: (value: number) => string}} Graph
 */

/** Room for numbers left of the axes, below them all, and the height of a graph with its name, in pixels. */
const LEFT = 64;
const BELOW = 18;
const HEIGHT = 84;
const NAME = 16;
const HOSTS = /** @type {Host[]} */ (['client', 'server']);

const plain = (/** @type {number} */ value) => String(value);
const millis = (/** @type {number} */ ns) => `${Number((ns / 1e6).toPrecision(3))} ms`;
/** @type {Graph[]} */
const GRAPHS = [
  { name: 'graphs.seq', show: plain },
  { name: 'graphs.flight', steps: 'flight', show: plain },
  { name: 'graphs.window', steps: 'window', show: plain },
  { name: 'graphs.cwnd', steps: 'cwnd', dotted: 'ssthresh', show: plain },
  { name: 'graphs.rtt', steps: 'srtt', points: 'rtt', show: millis },
  { name: 'graphs.goodput', steps: 'goodput', show: (value) => format.rate(value * 8) },
];

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
    /** The graphs without what moves with the ladder: they are drawn anew only when they are others. */
    this.paper = document.createElement('canvas');
    this.drawn = '';
    this.canvas.addEventListener('click', (event) => {
      const x = (event.offsetX - LEFT) / (this.canvas.clientWidth - LEFT);
      if (store.rows.length && x >= 0) store.lead(ladder.at(x * ladder.end));
    });
    place.append(this.canvas, this.text);
    store.watch(() => this.draw());
  }

  draw() {
    const { store, messages, place, canvas, ladder } = this;
    if (place.hidden) return;
    this.series.take();
    const series = this.series.chosen();
    canvas.hidden = !series || store.rows.length === 0;
    if (!series || store.rows.length === 0) {
      this.text.textContent = messages.say('graphs.none');
      return;
    }
    const told = this.told(series);
    if (this.text.textContent !== told) this.text.textContent = told;
    canvas.setAttribute('aria-label', `${messages.say('graphs')}. ${told}`);
    const kinds = GRAPHS.filter((graph) => has(series, graph));
    canvas.style.height = `${kinds.length * HEIGHT + BELOW}px`;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    for (const it of [canvas, this.paper]) {
      if (it.width !== Math.round(width * ratio)) it.width = Math.round(width * ratio);
      if (it.height !== Math.round(height * ratio)) it.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name);
    const drawn = [store.epoch, store.lang, colour('--paper'), width, height, ratio, ladder.end, this.series.seen, series.began, store.rows.length].join(' ');
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      const pen = context(this.paper, ratio, width, height);
      kinds.forEach((graph, nth) => this.graph(pen, graph, nth * HEIGHT, width, series, colour));
      this.times(pen, width, height, colour);
    }
    const pen = context(canvas, ratio, width, height);
    // What the ladder shows now.
    const [from, to] = [ladder.scroll.scrollTop, ladder.scroll.scrollTop + ladder.scroll.clientHeight];
    pen.fillStyle = colour('--chosen');
    const scale = (width - LEFT) / Math.max(1, ladder.end);
    pen.fillRect(LEFT + from * scale, 0, Math.max(2, (Math.min(to, ladder.end) - from) * scale), height);
    pen.drawImage(this.paper, 0, 0, width, height);
    const now = store.row();
    if (now) {
      const x = LEFT + ladder.tops[now.n] * scale;
      pen.strokeStyle = colour('--held');
      pen.beginPath();
      pen.moveTo(x, NAME);
      pen.lineTo(x, height - BELOW);
      pen.stroke();
    }
  }

  /** The graphs in words. @param {Series} series */
  told(series) {
    const { client, server } = series.ends;
    const most = Math.max(client.most.flight ?? 0, server.most.flight ?? 0);
    const parts = [this.messages.say('graphs.told', { client: client.most.sent ?? 0, server: server.most.sent ?? 0, most })];
    for (const host of HOSTS) {
      const last = (/** @type {string} */ kind) => series.ends[host].steps[kind]?.at(-1)?.value ?? null;
      const [rtt, cwnd] = [last('rtt'), last('cwnd')];
      const name = this.messages.say(host);
      if (rtt !== null) parts.push(this.messages.say('graphs.last.rtt', { name, rtt: millis(rtt) }));
      if (cwnd !== null) parts.push(this.messages.say('graphs.last.cwnd', { name, cwnd }));
    }
    return parts.join(this.store.lang === 'zh' ? '' : ' ');
  }

  /**
   * A graph with its axis, from `top` on.
   * @param {CanvasRenderingContext2D} pen @param {Graph} graph @param {number} top @param {number} width @param {Series} series @param {Colour} colour
   */
  graph(pen, graph, top, width, series, colour) {
    const { ladder } = this;
    const bottom = top + HEIGHT - 2;
    const most = Math.max(1, ...HOSTS.flatMap((host) => kindsOf(graph).map((kind) => series.ends[host].most[kind] ?? 0)));
    pen.strokeStyle = colour('--line');
    pen.fillStyle = colour('--faint');
    pen.beginPath();
    pen.moveTo(LEFT, top + NAME);
    pen.lineTo(LEFT, bottom);
    pen.lineTo(width, bottom);
    pen.stroke();
    pen.textAlign = 'left';
    pen.fillText(this.messages.say(graph.name), LEFT + 4, top + 12, width - LEFT - 4);
    pen.textAlign = 'right';
    pen.fillText(graph.show(most), LEFT - 4, top + NAME + 8, LEFT - 6);
    pen.fillText('0', LEFT - 4, bottom);
    /** @type {Place} */
    const x = (t) => LEFT + (ladder.height(t) / Math.max(1, ladder.end)) * (width - LEFT);
    /** @type {Place} */
    const y = (value) => bottom - (value / most) * (HEIGHT - NAME - 6);
    for (const host of HOSTS) {
      const its = series.ends[host];
      const inks = { pen, x, y, host, colour };
      if (!graph.steps) segments(inks, its.segments);
      if (graph.steps) steps(inks, its.steps[graph.steps] ?? [], host === 'server' ? [5, 3] : [], width);
      if (graph.dotted) steps(inks, its.steps[graph.dotted] ?? [], [1, 4], width);
      if (graph.points) points(inks, its.steps[graph.points] ?? []);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height @param {Colour} colour */
  times(pen, width, height, colour) {
    const { store, ladder } = this;
    pen.fillStyle = colour('--faint');
    const parts = width < 480 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]; // on a phone two would stand on each other
    parts.forEach((part) => {
      pen.textAlign = part === 0 ? 'left' : part === 1 ? 'right' : 'center';
      const n = ladder.at(part * ladder.end);
      pen.fillText(`${format.seconds(store.rows[n].t_ns)} s`, LEFT + (width - LEFT) * part, height - 3);
    });
    pen.textAlign = 'left';
  }
}

/** @typedef {{pen: CanvasRenderingContext2D, x: Place, y: Place, host: Host, colour: Colour}} Inks */

/** An empty canvas. @param {HTMLCanvasElement} canvas @param {number} ratio @param {number} width @param {number} height */
function context(canvas, ratio, width, height) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = '12px system-ui, sans-serif';
  return pen;
}

/** @param {Graph} graph */
const kindsOf = (graph) => (graph.steps ? [graph.steps, graph.dotted, graph.points] : ['sent']).filter((kind) => kind !== undefined);

/** Whether there is anything to show. @param {Series} series @param {Graph} graph */
const has = (series, graph) => HOSTS.some((host) => kindsOf(graph).some((kind) => kind in series.ends[host].most));

/** A bar for each segment, from its first number to its last; lost ones have a cross, repeated ones are hollow. @param {Inks} inks @param {import('./series.js').Segment[]} all */
function segments({ pen, x, y, host, colour }, all) {
  for (const segment of all) {
    const [at, top, bottom] = [x(segment.t), y(segment.to), y(segment.from)];
    pen.strokeStyle = pen.fillStyle = colour(segment.lost ? '--lost' : `--${host}`);
    const height = Math.max(2, bottom - top);
    if (segment.again) pen.strokeRect(at - 2, top, 4, height);
    else pen.fillRect(at - 1.5, top, 3, height);
    if (!segment.lost) continue;
    pen.beginPath();
    pen.moveTo(at - 4, top - 4);
    pen.lineTo(at + 4, top + 4);
    pen.moveTo(at + 4, top - 4);
    pen.lineTo(at - 4, top + 4);
    pen.stroke();
  }
}

/** A step at each change, and on to the end of time. @param {Inks} inks @param {import('./series.js').Step[]} all @param {number[]} dash @param {number} width */
function steps({ pen, x, y, host, colour }, all, dash, width) {
  pen.strokeStyle = colour(`--${host}`);
  pen.setLineDash(dash);
  pen.beginPath();
  /** @type {number|null} */
  let before = null;
  for (const { t, value } of all) {
    if (before !== null) pen.lineTo(x(t), y(before));
    if (value !== null && before === null) pen.moveTo(x(t), y(value));
    else if (value !== null) pen.lineTo(x(t), y(value));
    before = value;
  }
  if (before !== null) pen.lineTo(width, y(before));
  pen.stroke();
  pen.setLineDash([]);
}

/** @param {Inks} inks @param {import('./series.js').Step[]} all */
function points({ pen, x, y, host, colour }, all) {
  pen.fillStyle = colour(`--${host}`);
  for (const { t, value } of all) {
    if (value !== null) pen.fillRect(x(t) - 2, y(value) - 2, 4, 4);
  }
}
