// The lab's page in a real browser. Each flow starts lineman itself, does what a person would, and looks at the screen.
//
//   node flows.mjs FLOW    with LINEMAN (the binary) and NODE_MODULES (where playwright-core and axe-core are)

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { LINEMAN, NODE_MODULES } = process.env;
const require = createRequire(`${NODE_MODULES}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = 30_000; // a busy machine

const children = [];
const scratch = mkdtempSync(join(tmpdir(), 'page-'));

/** Starts lineman and gives the page's address. */
function serve(...args) {
  const child = spawn(LINEMAN, ['--lang', 'en', 'lab', ...args, '--page', '--no-open'], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      const address = said.match(/http:\/\/[^ ]+/);
      if (address) resolve(address[0]);
    });
    child.on('exit', (code) => reject(new Error(`lineman ended with ${code}: ${said}`)));
  });
}

/** A page that must run without an error. */
async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on('pageerror', (error) => fail(error));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY/.test(message.text())) fail(new Error(message.text()));
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('data:')) fail(new Error(`asks ${request.url()}`));
  });
  await page.goto(address);
  return page;
}

let failure = null;
const fail = (error) => { failure ??= error; };

/** Waits until `look` gives something true. */
async function until(what, look) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const held = (page) => page.locator('.held').count();
const state = (page, host) => page.locator(`#${host} .state`).textContent();
const labels = (page) => page.locator('.row .label').allTextContents();

/** Delivers what is held, one after the other, until `done`. */
async function deliverUntil(page, what, done) {
  await until(what, async () => {
    if (await held(page)) await page.keyboard.press(' ');
    return done();
  });
}

const flows = {
  async handshake(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    assert.match(await page.locator('.held').first().textContent(), /SYN seq=0/);
    assert.equal(await state(page, 'client'), 'SYN-SENT');
    await page.locator('.held [data-do=deliver]').first().click();
    await deliverUntil(page, 'both ESTABLISHED', async () =>
      (await state(page, 'client')) === 'ESTABLISHED' && (await state(page, 'server')) === 'ESTABLISHED');
    const seen = await labels(page);
    for (const label of [/^SYN seq=0/, /^SYN\+ACK seq=0 ack=1/, /^ACK ack=1/]) assert(seen.some((it) => label.test(it)), `${label} in ${seen}`);
  },

  async a_dropped_syn_comes_again_with_the_same_number(browser) {
    const page = await open(browser, await serve('handshake'));
    await page.keyboard.press('a');
    await until('a held SYN', () => held(page));
    const first = await page.locator('.held code').first().textContent();
    const number = first.match(/seq=(\d+)/)[1];
    await page.keyboard.press('d');
    const again = await until('another SYN', async () => {
      const texts = await page.locator('.held code').allTextContents();
      return texts.find((text) => text !== first && text.includes('SYN') && !text.startsWith(first.split(' ')[0]));
    });
    assert.equal(again.match(/seq=(\d+)/)[1], number);
    const times = (await page.locator('.row:has(.label:text("SYN")) .t').allTextContents()).map(Number);
    assert(times.at(-1) - times[0] > 0.9, `a second later: ${times}`);
  },

  async a_close_leads_to_time_wait(browser) {
    const page = await open(browser, await serve('close-four'));
    await until('a held SYN', () => held(page));
    await page.keyboard.press('s');
    await until('TIME-WAIT', async () => (await state(page, 'client')) === 'TIME-WAIT');
    await until('CLOSED', async () => (await state(page, 'server')) === 'CLOSED');
    await until('the diagram', async () => (await page.locator('#client svg title').textContent()).includes('TIME-WAIT'));
  },

  async a_reload_goes_on_without_a_gap(browser) {
    const page = await open(browser, await serve('close-four', '--fault', 'delay 30ms'));
    await until('a held SYN', () => held(page));
    await page.keyboard.press('s');
    await page.reload();
    await until('TIME-WAIT', async () => (await state(page, 'client')) === 'TIME-WAIT');
    const count = async () => {
      const numbers = new Set();
      await page.keyboard.press('End');
      for (let presses = 0; presses < 200; presses += 1) {
        for (const n of await page.locator('.row').evaluateAll((rows) => rows.map((row) => Number(row.dataset.n)))) numbers.add(n);
        if (numbers.has(0)) break;
        await page.keyboard.press('ArrowUp');
      }
      return [...numbers].sort((a, b) => a - b);
    };
    const numbers = await count();
    const { rows, folded } = await page.locator('.rows').evaluate((list) => ({ ...list.dataset }));
    assert.equal(numbers.length + Number(folded), Number(rows));
    assert.equal(numbers.at(-1), Number(rows) - 1);
    assert(numbers.length > 15);
  },

  async two_tabs_agree(browser) {
    const address = await serve('handshake');
    const [one, other] = [await open(browser, address), await open(browser, address)];
    await until('a held SYN', async () => (await held(one)) && (await held(other)));
    await one.locator('.held [data-do=deliver]').first().click();
    await until('SYN+ACK in the other tab', async () => (await other.locator('.held').first().textContent()).includes('SYN+ACK'));
    await deliverUntil(other, 'ESTABLISHED in the first', async () => (await state(one, 'server')) === 'ESTABLISHED');
  },

  async chinese(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    assert.equal(await page.locator('.held [data-do=drop]').first().textContent(), 'Drop');
    await page.keyboard.press('t');
    await until('words', async () => (await page.locator('.held [data-do=drop]').first().textContent()) === '丢弃');
    await page.locator('.row:has(.label:text("SYN seq=0"))').first().click();
    await until('the SYN in words', async () => (await page.locator('#inspector').textContent()).includes('第一次握手'));
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  },

  async everything_by_keyboard(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    await page.keyboard.press('?');
    assert(await page.locator('dialog dl').isVisible());
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowUp');
    const before = await page.locator('.row.chosen').getAttribute('data-n');
    await page.keyboard.press('ArrowUp');
    await until('another row', async () => (await page.locator('.row.chosen').getAttribute('data-n')) !== before);
    await page.locator('#wire input').fill('loss 100%');
    await page.keyboard.press('Enter');
    await page.locator('#ladder .scroll').click({ position: { x: 20, y: 5 } });
    await page.keyboard.press('s');
    await until('a lost packet', async () => (await page.locator('.row .label.lost').count()) > 0);
  },

  async wrong_rules_are_told(browser) {
    const page = await open(browser, await serve('handshake'));
    page.removeAllListeners('console'); // the browser tells of the refusal, as it should
    await until('a held SYN', () => held(page));
    await page.locator('#wire input').fill('explode 20%');
    await page.keyboard.press('Enter');
    await until('a banner', () => page.locator('#banner').isVisible());
    assert.match(await page.locator('#banner').textContent(), /explode/);
    assert.equal(await held(page), 1);
  },

  async a_stopped_program_leaves_a_readable_page(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    const child = children.at(-1);
    const began = Date.now();
    child.removeAllListeners('exit');
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGINT');
    assert.equal(await ended, 0);
    assert(Date.now() - began < 5000, 'an open stream holds nothing up');
    await until('a banner', () => page.locator('#banner').isVisible());
    assert.match(await page.locator('#banner').textContent(), /has stopped/);
    assert((await labels(page)).some((label) => label.startsWith('SYN')));
  },

  async nothing_from_a_log_becomes_markup(browser) {
    const log = join(scratch, 'log.jsonl');
    const child = spawn(LINEMAN, ['lab', 'tftp-get', '--simulated', '--record', log], { stdio: 'ignore' });
    assert.equal(await new Promise((resolve) => child.on('exit', resolve)), 0);
    const evil = '<script>window.hurt=1</script><img src=x onerror=window.hurt=1>';
    const infect = (value, key) => {
      if (typeof value === 'string' && ['name', 'scenario', 'system', 'text', 'id', 'rule'].includes(key)) return value + evil;
      if (Array.isArray(value)) return value.map((it) => (typeof it === 'string' && key === 'args' ? it + evil : infect(it, '')));
      if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, infect(it, name)]));
      return value;
    };
    const lines = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    writeFileSync(log, `${lines.map((line) => JSON.stringify(infect(line, ''))).join('\n')}\n`);
    const page = await open(browser, await serve('replay', log));
    await until('the name', async () => (await page.locator('#title').textContent()).includes('<script>'));
    for (let presses = 0; presses < 30; presses += 1) await page.keyboard.press('ArrowDown');
    assert.equal(await page.evaluate('window.hurt'), undefined);
    assert.equal(await page.locator('main img, main script, header img').count(), 0);
    assert(await page.getByText('onerror').count());
  },

  async nothing_serious_for_those_who_see_badly(browser) {
    const page = await open(browser, await serve('close-four'), { bypassCSP: true });
    await until('a held SYN', () => held(page));
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => { document.documentElement.dataset.theme = name; }, theme);
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run());
      const serious = found.violations.filter((it) => ['serious', 'critical'].includes(it.impact));
      assert.deepEqual(serious.map((it) => `${theme} ${it.id}: ${it.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`), []);
    }
  },
};

const flow = flows[process.argv[2]];
assert(flow, `no flow ${process.argv[2]}; there are ${Object.keys(flows).join(', ')}`);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  await flow(browser);
  if (failure) throw failure;
} finally {
  await browser.close();
  for (const child of children) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
}
