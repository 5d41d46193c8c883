// The lab's page with a long conversation, in the browser: how long a frame takes while the user scrolls, and how much memory the page keeps.
//
//   node page.mjs PACKETS    with LINEMAN (the binary) and NODE_MODULES (where playwright-core is)

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { LINEMAN, NODE_MODULES } = process.env;
const { chromium } = createRequire(`${NODE_MODULES}/`)('playwright-core');
const packets = Number(process.argv[2] ?? 50_000);
const FRAMES = 1000;
const STEP = 400; // pixels a frame: half a window, so that most rows of each frame are new

/** The checksum of the Internet (RFC 1071). @param {Buffer} bytes @param {number} sum */
function checksum(bytes, sum = 0) {
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** One segment over raw IPv4. */
function segment(fromClient, flags, seq, ack, len) {
  const ip = Buffer.alloc(40 + len);
  ip.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6]);
  ip.writeUInt16BE(ip.length, 2);
  ip.set(fromClient ? [192, 0, 2, 1, 192, 0, 2, 2] : [192, 0, 2, 2, 192, 0, 2, 1], 12);
  ip.writeUInt16BE(checksum(ip.subarray(0, 20)), 10);
  const tcp = ip.subarray(20);
  tcp.writeUInt16BE(fromClient ? 40000 : 8888, 0);
  tcp.writeUInt16BE(fromClient ? 8888 : 40000, 2);
  tcp.writeUInt32BE(seq >>> 0, 4);
  tcp.writeUInt32BE(ack >>> 0, 8);
  tcp.set([0x50, flags, 0xff, 0xff], 12);
  const pseudo = Buffer.concat([ip.subarray(12, 20), Buffer.from([0, 6, tcp.length >> 8, tcp.length & 255])]);
  tcp.writeUInt16BE(checksum(tcp, ~checksum(pseudo) & 0xffff), 16);
  return ip;
}

/** A connection of so many packets: data of the client, each acknowledged. @param {string} file */
function capture(file) {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.set([2, 0, 4, 0], 4);
  head.writeUInt32LE(65535, 16);
  head.writeUInt32LE(101, 20); // LINKTYPE_RAW
  const parts = [head];
  let micros = 0;
  const add = (packet) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000 + Math.floor(micros / 1e6), 0);
    record.writeUInt32LE(micros % 1e6, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    parts.push(record, packet);
    micros += parts.length % 200 === 0 ? 600_000 : 1_000; // now and then idle time, which is cut
  };
  add(segment(true, 0x02, 999, 0, 0));
  add(segment(false, 0x12, 4999, 1000, 0));
  add(segment(true, 0x10, 1000, 5000, 0));
  for (let n = 3, seq = 1000; n < packets; n += 2) {
    add(segment(true, 0x18, seq, 5000, 100));
    seq += 100;
    add(segment(false, 0x10, 5000, seq, 0));
  }
  writeFileSync(file, Buffer.concat(parts));
}

const scratch = mkdtempSync(join(tmpdir(), 'page-'));
const file = join(scratch, 'long.pcap');
capture(file);
const child = spawn(LINEMAN, ['--lang', 'en', 'read', file, '-c', '1', '--page', '--no-open'], { stdio: ['ignore', 'ignore', 'pipe'] });
const address = await new Promise((resolve, reject) => {
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
    const found = said.match(/http:\/\/[^ ]+/);
    if (found) resolve(found[0]);
  });
  child.on('exit', () => reject(new Error(said)));
});
// Without the screen's own pace a frame takes as long as its work.
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-frame-rate-limit', '--disable-gpu-vsync', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const began = Date.now();
  await page.goto(address);
  await page.waitForFunction((count) => Number(document.querySelector('.rows')?.dataset.rows) >= count, packets, { timeout: 300_000, polling: 200 });
  const loaded = Date.now() - began;
  const frames = await page.evaluate(async ({ count, step }) => {
    const scroll = document.querySelector('#ladder .scroll');
    scroll.scrollTop = 0;
    const times = [];
    const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
    let before = await frame();
    for (let n = 0; n < count; n += 1) {
      scroll.scrollTop = (n * step) % (scroll.scrollHeight - scroll.clientHeight);
      const now = await frame();
      times.push(now - before);
      before = now;
    }
    return times.sort((a, b) => a - b);
  }, { count: FRAMES, step: STEP });
  const kept = await page.evaluate(() => { globalThis.gc?.(); return { heap: performance.memory.usedJSHeapSize, elements: document.querySelectorAll('*').length }; });
  const at = (part) => frames[Math.floor(part * (frames.length - 1))].toFixed(1);
  const resident = readRss(child.pid);
  console.log(`packets ${packets}`);
  console.log(`all rows in the page after      ${(loaded / 1000).toFixed(1)} s`);
  console.log(`frame while scrolling, median   ${at(0.5)} ms   (90 %: ${at(0.9)} ms, longest: ${at(1)} ms, ${FRAMES} frames)`);
  console.log(`elements in the page            ${kept.elements}`);
  console.log(`heap of the page                ${(kept.heap / 2 ** 20).toFixed(0)} MiB`);
  console.log(`lineman, resident               ${resident} MiB`);
} finally {
  await browser.close();
  child.kill('SIGINT');
  rmSync(scratch, { recursive: true, force: true });
}

/** @param {number} pid */
function readRss(pid) {
  const status = process.getBuiltinModule('node:fs').readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(status.match(/VmRSS:\s+(\d+)/)?.[1] ?? 0) / 1024);
}
