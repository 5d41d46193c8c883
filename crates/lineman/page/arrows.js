// The arrows of the ladder, on one canvas over the part of it that is seen. An arrow begins where its packet is sent
// and ends where it arrives: where that is another row, it crosses the rows between.

/** @typedef {import('./store.js').Store} Store @typedef {import('./store.js').Row} Row @typedef {import('./store.js').Packet} Packet */

/** Where an arrow begins and ends below the top of its row, in pixels: under its label. */
const BEGIN = 22;
const END = 38;
/** Between the arrow and the states beside it. */
const MARGIN = 6;
const HEAD = 7;
const CROSS = 6;

export class Arrows {
  /** @param {HTMLElement} scroll @param {Store} store */
  constructor(scroll, store) {
    this.scroll = scroll;
    this.store = store;
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'arrows';
    this.canvas.setAttribute('aria-hidden', 'true');
    scroll.append(this.canvas);
    /** The rows in which a packet lands, by its number. @type {Map<number, number>} */
    this.landings = new Map();
    /** Rows from which an arrow may go to another row. @type {number[]} */
    this.open = [];
    this.seen = 0;
    this.style = getComputedStyle(document.documentElement);
  }

  /** Another log is shown from now on. */
  begin() {
    this.landings.clear();
    this.open = [];
    this.seen = 0;
  }

  /** @param {number} first @param {number} last @param {number[]} tops */
  draw(first, last, tops) {
    const { scroll, canvas, store } = this;
    for (; this.seen < store.rows.length; this.seen += 1) {
      const packet = store.rows[this.seen].packet;
      if (packet?.part === 'landing') this.landings.set(packet.id, this.seen);
      else if (packet && packet.part !== 'repeat' && (packet.part === 'departure' || packet.fate === 'held')) this.open.push(this.seen);
    }
    const [width, height] = [scroll.clientWidth, scroll.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    canvas.style.transform = `translateY(${scroll.scrollTop}px)`;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const label = scroll.querySelector('.row:not(.plain) .label');
    if (!label) return;
    const box = label.getBoundingClientRect();
    const left = box.left - scroll.getBoundingClientRect().left + MARGIN;
    const right = left + box.width - 2 * MARGIN;
    this.style = getComputedStyle(document.documentElement);
    // What departs above the window and lands in it or below.
    for (const n of this.open) {
      const packet = store.rows[n].packet;
      const landing = packet ? this.landings.get(packet.id) : undefined;
      if (packet && n < first && landing !== undefined && landing >= first) this.arrow(pen, packet, n, tops, left, right);
    }
    for (let n = first; n <= last; n += 1) {
      const packet = store.rows[n]?.packet;
      if (!packet || store.folded.has(n)) continue;
      this.arrow(pen, packet, n, tops, left, right);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen @param {Packet} packet @param {number} n @param {number[]} tops
   * @param {number} left @param {number} right
   */
  arrow(pen, packet, n, tops, left, right) {
    const top = this.scroll.scrollTop;
    const [from, to] = packet.from === 'client' ? [left, right] : [right, left];
    if (packet.part === 'landing') return; // drawn from where it departs
    const begin = tops[n] + BEGIN - top;
    const ends = packet.part === 'whole' && packet.fate !== 'held' && packet.fate !== 'crossing';
    const landing = ends ? n : this.landings.get(packet.id);
    const lost = landing !== undefined && this.store.rows[landing].packet?.fate === 'dropped';
    let [x, y] = [to, begin + (END - BEGIN)];
    if (landing !== undefined && landing !== n) y = tops[landing] + END - top;
    // What is sent again while it is held, and what has not arrived, ends on the wire.
    if (landing === undefined || packet.part === 'repeat') [x, y] = [(from + to) / 2, begin + (END - BEGIN) / 2];
    // A packet that was held and then dropped ends in the row that tells of it.
    else if (lost) [x, y] = [from + (to - from) * 0.6, landing === n ? begin + (y - begin) * 0.6 : y - (END - BEGIN) * 0.4];
    pen.strokeStyle = pen.fillStyle = this.colour(lost ? '--lost' : `--${packet.from}`);
    pen.lineWidth = 1.6;
    pen.setLineDash(packet.deduced ? [4, 4] : []);
    const resent = packet.again && !['probed', 'doubled'].includes(packet.again.cause);
    this.line(pen, from, begin, x, y, resent ? 2 : 0);
    pen.setLineDash([]);
    if (lost) this.cross(pen, x, y);
    else if (x === to) this.point(pen, x, y, Math.atan2(y - begin, x - from));
    else {
      pen.beginPath();
      pen.arc(x, y, 5, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  /** @param {string} name */
  colour(name) {
    return this.style.getPropertyValue(name);
  }

  /** A line, double for what is sent again. @param {CanvasRenderingContext2D} pen @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {number} apart */
  line(pen, x0, y0, x1, y1, apart) {
    for (const by of apart ? [-apart, apart] : [0]) {
      pen.beginPath();
      pen.moveTo(x0, y0 + by);
      pen.lineTo(x1, y1 + by);
      pen.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} angle */
  point(pen, x, y, angle) {
    pen.save();
    pen.translate(x, y);
    pen.rotate(angle);
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.lineTo(-HEAD * 1.6, -HEAD * 0.7);
    pen.lineTo(-HEAD * 1.6, HEAD * 0.7);
    pen.fill();
    pen.restore();
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y */
  cross(pen, x, y) {
    pen.lineWidth = 2.4;
    pen.beginPath();
    pen.moveTo(x - CROSS, y - CROSS);
    pen.lineTo(x + CROSS, y + CROSS);
    pen.moveTo(x + CROSS, y - CROSS);
    pen.lineTo(x - CROSS, y + CROSS);
    pen.stroke();
  }
}
