// The lab's page in a real browser. Each flow starts lineman itself, does what a person would, and looks at the screen.
//
//   node flows.mjs FLOW    with LINEMAN (the binary) and NODE_MODULES (where playwright-core and axe-core are)

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
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

/** Starts a lab whose packets are held, or shows a log, and gives the page's address. */
function serve(...args) {
  const holds = args.length > 0 && !['replay', 'exercise'].includes(args[0]);
  return start(...args, ...(holds ? ['--step'] : []));
}

/** Starts a lab and gives the page's address. */
const start = (...args) => launch('lab', ...args);

/** Starts lineman and gives the page's address. */
function launch(...args) {
  const child = spawn(LINEMAN, ['--lang', 'en', ...args, '--page', '--no-open'], { stdio: ['ignore', 'ignore', 'pipe'] });
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
    // A packet that was asked for as another log began is there no more.
    if (/\/packet\/\d+$/.test(message.location().url)) return;
    if (message.type() === 'error' && !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY/.test(message.text())) fail(new Error(message.text()));
  });
  page.on('request', (request) => {
    const own = [address, 'data:', `blob:${new URL(address).origin}`];
    if (!own.some((it) => request.url().startsWith(it))) fail(new Error(`asks ${request.url()}`));
  });
  await page.goto(address);
  await page.locator('#tabs [role=tab]:not(:empty)').first().waitFor({ state: 'attached' }); // keys are heard from now on
  return page;
}

/** The log of a scenario. */
async function recorded(scenario) {
  const log = join(scratch, `${scenario}.jsonl`);
  const child = spawn(LINEMAN, ['lab', scenario, '--simulated', '--record', log], { stdio: 'ignore' });
  assert.equal(await new Promise((resolve) => child.on('exit', resolve)), 0);
  return log;
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
    // What is done needs no more: a lab whose script is over obeys nothing.
    if (await done()) return true;
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
    // A state may be there a moment before its row is drawn.
    for (const label of [/^SYN seq=0/, /^SYN\+ACK seq=0 ack=1/, /^ACK ack=1/]) await until(label, async () => (await labels(page)).some((it) => label.test(it)));
  },

  /** Packets are not held before the reader has read a word: the log goes on, and the reader walks through it. */
  async time_stands_still_for_the_reader(browser) {
    const page = await open(browser, await start('handshake', '--kernel'));
    await until('a row', () => page.locator('.row').count());
    const shown = () => page.locator('.rows').evaluate((list) => Number(list.dataset.rows));
    const first = await shown();
    assert(first <= 2, `${first} rows`);
    // Before any packet it is not known that there is no TCP.
    assert.doesNotMatch(await page.locator('#client').innerText(), /datagrams/);
    await until('a walk', () => page.locator('[data-walk=next]').count());
    assert.equal(await held(page), 0);
    const seen = [];
    for (let at = 0; at < 40 && !/ESTABLISHED/.test(seen.at(-1) ?? ''); at += 1) {
      const before = await shown();
      await page.keyboard.press('ArrowDown');
      await until('the next row', async () => (await shown()) > before);
      seen.push(`${await page.locator('#client .state, #client .how').allTextContents()}`);
    }
    assert(seen.some((it) => it.includes('SYN-SENT')) && seen.at(-1).includes('ESTABLISHED'), seen.join(' | '));
    const times = await page.locator('.row .label').allTextContents();
    assert(!times.some((label) => /resent|again|×/.test(label)), 'nothing was sent again while the reader reads');
    // Everything at once, and then as it happens.
    await page.locator('[data-walk=all]').click();
    await until('no walk', async () => (await page.locator('[data-walk]').count()) === 0);
  },

  async holding_is_a_key(browser) {
    const page = await open(browser, await start('handshake'));
    await until('a walk', () => page.locator('[data-walk=next]').count());
    await page.keyboard.press('s');
    await until('a held SYN', () => held(page));
    assert.equal(await page.locator('[data-walk]').count(), 0);
    await deliverUntil(page, 'ESTABLISHED', async () => (await state(page, 'server')) === 'ESTABLISHED');
    // The same again is held again.
    await page.keyboard.press('r');
    await until('another held SYN', async () => (await held(page)) && (await state(page, 'server')) === 'LISTEN');
  },

  async a_walk_is_predicted(browser) {
    const page = await open(browser, await start('handshake'));
    await until('a walk', () => page.locator('[data-walk=next]').count());
    await page.locator('[data-tab=learn]').click();
    await page.locator('#predict input[type=checkbox]').check();
    await page.locator('[data-guess=host]').selectOption('server');
    await page.locator('[data-guess=state]').selectOption('SYN-RECEIVED');
    await page.locator('[data-guess=answer]').click();
    await page.locator('.outcome[data-right=true]').waitFor();
  },

  /** Of a log that is recorded, what follows a question is nowhere on the page. */
  async predict_scores_on_a_recorded_log(browser) {
    const page = await open(browser, await serve('replay', await recorded('handshake')));
    await until('all of it', async () => (await labels(page)).some((label) => label.startsWith('ACK')));
    await page.locator('[data-tab=learn]').click();
    await page.locator('#predict input[type=checkbox]').check();
    await page.locator('[data-guess=answer]').waitFor();
    const packets = async () => (await labels(page)).filter((label) => label !== '');
    assert.deepEqual(await packets(), []);
    assert.match(await page.locator('.question code').textContent(), /→ SYN seq=0/);
    assert.doesNotMatch(await page.locator('main').innerText(), /SYN-RECEIVED seq|ESTABLISHED ack/);
    assert.equal(await page.locator('#client .state').count(), 0);
    assert.equal(await state(page, 'server'), 'LISTEN');
    for (const key of ['ArrowDown', 'End', ' ']) await page.locator('#learn').press(key);
    assert.deepEqual(await packets(), [], 'no key shows it');
    const answer = async (host, to) => {
      await page.locator('[data-guess=host]').selectOption(host);
      await page.locator('[data-guess=state]').selectOption(to);
      await page.locator('[data-guess=answer]').click();
    };
    await answer('server', 'SYN-RECEIVED');
    await page.locator('.outcome[data-right=true]').waitFor();
    assert.match(await page.locator('.score').textContent(), /1 of 1/);
    assert.equal(await state(page, 'server'), 'SYN-RECEIVED');
    await answer('server', 'ESTABLISHED');
    await page.locator('.outcome[data-right=false]').waitFor();
    assert.match(await page.locator('.outcome').textContent(), /client ESTABLISHED/);
    assert.match(await page.locator('#predict .why').textContent(), /because/);
    assert.match(await page.locator('.score').textContent(), /1 of 2/);
    await answer('server', 'ESTABLISHED');
    await until('the last', async () => /2 of 3/.test(await page.locator('.score').textContent()));
    await page.getByText('nothing is left to be asked about').waitFor();
    assert.equal((await packets()).length, 3);
    await page.locator('#predict input[type=checkbox]').uncheck();
    await until('all of it again', async () => (await packets()).length === 3);
  },

  /** What a card says is of the row that is looked at. */
  async cards_say_how_things_stood(browser) {
    const page = await open(browser, await serve('replay', await recorded('close-four')));
    await until('all of it', async () => (await state(page, 'client')) === 'TIME-WAIT');
    // With what is recorded nothing can be done.
    assert.deepEqual(await page.getByRole('tab').allTextContents(), ['packet', 'graphs', 'table', 'learn']);
    await page.keyboard.press('Home');
    await until('nothing yet', async () => (await page.locator('#client .state').count()) === 0);
    const seen = new Set();
    for (let at = 0; at < 60; at += 1) {
      await page.keyboard.press('ArrowDown');
      await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
      const told = await page.locator('#client .state').allTextContents();
      if (told.length) seen.add(told[0]);
    }
    await until('the end', async () => (await state(page, 'client')) === 'TIME-WAIT');
    for (const name of ['SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1']) assert(seen.has(name), `${name} in ${[...seen]}`);
  },

  /** They were drawn at the edge as long as a row without an arrow came first. */
  async arrows_are_between_the_states(browser) {
    const page = await open(browser, await serve('close-four'));
    await until('a held SYN', () => held(page));
    await page.keyboard.press('s');
    await until('TIME-WAIT', async () => (await state(page, 'client')) === 'TIME-WAIT');
    for (const width of [1280, 1024, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const top of [0, 1e6]) {
        await page.locator('#ladder .scroll').evaluate((scroll, y) => { scroll.scrollTop = y; }, top);
        await until(`arrows at ${width} from ${top}`, () => page.evaluate(() => {
          const box = (it) => it.getBoundingClientRect();
          const scroll = box(document.querySelector('#ladder .scroll'));
          const pen = document.querySelector('canvas.arrows').getContext('2d');
          const rows = [...document.querySelectorAll('.row:not(.plain)')].filter((row) => box(row).top >= scroll.top && box(row).bottom <= scroll.bottom);
          return rows.length > 0 && rows.every((row) => {
            const [label, around] = [box(row.querySelector('.label')), box(row)];
            const pixels = pen.getImageData(label.left - scroll.left, around.top - scroll.top, label.width, around.height).data;
            return pixels.some((it, at) => at % 4 === 3 && it > 0);
          });
        }));
      }
    }
  },

  /** On a phone they were cut, and beside a call on a screen too. */
  async words_at_arrows_are_whole(browser) {
    const page = await open(browser, await serve('replay', await recorded('close-four')));
    await until('all of it', async () => (await state(page, 'client')) === 'TIME-WAIT');
    for (const width of [1280, 1024, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const top of [0, 1e6]) {
        await page.locator('#ladder .scroll').evaluate((scroll, y) => { scroll.scrollTop = y; }, top);
        const cut = await until(`rows at ${width}`, () => page.evaluate(() => {
          const words = [...document.querySelectorAll('.row:not(.plain) .label span')];
          const scroll = document.querySelector('#ladder .scroll').getBoundingClientRect();
          const is = (it) => it.scrollWidth > it.clientWidth || it.getBoundingClientRect().right > scroll.right;
          return words.length > 0 && words.filter(is).map((it) => it.textContent);
        }));
        assert.deepEqual(cut, [], `at ${width}`);
      }
    }
  },

  /** They were missing there, and those of datagrams at a projector too. */
  async calls_stand_at_arrows_in_every_width(browser) {
    for (const [scenario, call] of [['close-four', 'send(3, "hello") = 5'], ['udp-lost', 'sendto(3, "one"']]) {
      const page = await open(browser, await serve('replay', await recorded(scenario)));
      await until('rows', () => page.locator('.row').count());
      await page.keyboard.press('/');
      await page.locator('.find input').fill(call.replace(/[(,)].*/, '('));
      await page.keyboard.press('Enter');
      for (const width of [1280, 1024, 390]) {
        await page.setViewportSize({ width, height: 800 });
        await until(`the call at ${width}`, () => page.evaluate((text) => {
          const calls = [...document.querySelectorAll('.row:not(.plain) .call')];
          return calls.some((it) => it.textContent.startsWith(text) && it.getBoundingClientRect().width > 0);
        }, call));
        // No row stands on another.
        const over = await page.evaluate(() => {
          const rows = [...document.querySelectorAll('.row')].map((it) => it.getBoundingClientRect()).sort((a, b) => a.top - b.top);
          return rows.filter((it, at) => at > 0 && it.top < rows[at - 1].bottom - 1).length;
        });
        assert.equal(over, 0, `at ${width}`);
      }
    }
  },

  /** The focus was still in the dialog that had been closed, and letters were for that. */
  async keys_are_heard_after_escape(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    const isOpen = (id) => page.locator(`#${id}`).evaluate((it) => it.open);
    for (const [key, id] of [['o', 'chooser'], ['e', 'exports'], ['?', 'keys'], ['o', 'chooser'], ['e', 'exports']]) {
      await page.keyboard.press(key);
      await until(id, () => isOpen(id));
      await page.keyboard.press('Escape');
      assert.equal(await isOpen(id), false);
    }
    // What is typed is left by it, too.
    await page.keyboard.press('c');
    await page.keyboard.type('state');
    assert.equal(await page.locator('#bench .prompt input').inputValue(), 'state');
    await page.keyboard.press('Escape');
    await page.keyboard.press('5');
    await until('graphs', () => page.locator('#graphs').isVisible());
  },

  /** A button that was pressed is made anew with the panel around it; the focus fell to the page, and Tab began from the top. */
  async the_focus_stays_where_somebody_works(browser) {
    const page = await open(browser, await serve('close-four', '--kernel'));
    await until('a held SYN', () => held(page));
    const on = (selector) => page.evaluate((it) => document.activeElement?.matches(it) ?? false, selector);
    const press = async (selector) => {
      await page.locator(selector).first().focus();
      await page.keyboard.press('Enter');
    };
    // The button of the packet that is gone with it: that of the next packet.
    await press('.held [data-do=deliver]');
    await until('SYN+ACK', async () => (await page.locator('.held code').allTextContents()).some((it) => it.includes('SYN+ACK')));
    await until('its button', () => on('.held [data-do=deliver]'));
    // Another language, twice, by the same button.
    const language = page.locator('#settings button', { hasText: /^(中文|English)$/ });
    await language.focus();
    for (const lang of ['zh-CN', 'en']) {
      await page.keyboard.press('Enter');
      await until(lang, async () => (await page.locator('html').getAttribute('lang')) === lang);
      await until('the button', () => language.evaluate((it) => it === document.activeElement));
    }
    await page.keyboard.press('4');
    await press('#faults button:has-text("next FIN")');
    await until('the rule', async () => (await page.locator('#wire').textContent()).includes('fin #1 drop'));
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'next FIN');
    await page.locator('#faults .rules').fill('delay 10ms');
    await page.keyboard.press('Enter');
    await until('the other rule', async () => (await page.locator('#wire').textContent()).includes('delay 10ms'));
    assert(await on('#faults .rules'), 'what is typed into');
    await press('#wire button[aria-pressed=false]');
    await until('it runs', async () => (await state(page, 'client')) === 'TIME-WAIT');
    assert(await on('#wire button[aria-pressed=true]'), 'the button that was pressed');
    // Not of a button that was clicked: the space bar is for packets.
    await page.getByRole('button', { name: 'Restart' }).click();
    await until('another held SYN', async () => (await held(page)) && (await state(page, 'server')) === 'LISTEN');
    await page.keyboard.press(' ');
    await until('it is let through', async () => (await state(page, 'server')) === 'SYN-RECEIVED');
    await page.locator('#wire button[aria-pressed=false]').click();
    await until('it runs again', async () => (await state(page, 'client')) === 'TIME-WAIT');
    // In the ladder it goes with the choice, also to rows that did not exist.
    await page.locator('.row.chosen').focus();
    for (const key of ['ArrowUp', 'ArrowUp', 'Home', 'ArrowDown', 'End', 't', 'ArrowUp']) {
      await page.keyboard.press(key);
      await until(`the chosen row after ${key}`, () => on('.row.chosen'));
    }
  },

  /** After an answer the focus was nowhere, and at a projector the question below what is seen. */
  async predict_goes_on_by_keyboard(browser) {
    const log = await serve('replay', await recorded('handshake'));
    for (const address of [log, await serve('handshake', '--simulated')]) {
      const page = await open(browser, address, { viewport: { width: 1024, height: 768 } });
      await until('the SYN', async () => (await page.locator('.row .label, .held code').allTextContents()).some((it) => /SYN seq=0/.test(it)));
      const at = () => page.evaluate(() => document.activeElement?.getAttribute('data-guess') ?? document.activeElement?.className);
      const seen = () => page.evaluate(() => {
        const [panel, question] = ['#learn', '.question'].map((it) => document.querySelector(it).getBoundingClientRect());
        return question.top >= panel.top && question.bottom <= panel.bottom;
      });
      await page.keyboard.press('7');
      await page.keyboard.press('Tab');
      assert.equal(await at(), 'on');
      await page.keyboard.press(' ');
      await page.locator('[data-guess=answer]').waitFor();
      assert.equal(await at(), 'on', 'the box is made anew');
      assert(await seen(), 'the first question');
      await page.keyboard.press('Tab');
      // Wrong, wrong and right: reasons stand above the next question.
      for (const [host, to, asked] of [['c', 'L', 1], ['c', 'L', 2], ['s', 'E', 3]]) {
        await until('the question', async () => (await at()) === 'host');
        assert(await seen(), `question ${asked}`);
        await page.keyboard.press(host);
        await page.keyboard.press('Tab');
        await page.keyboard.press(to); // the first letter is enough
        await page.keyboard.press('Tab');
        assert.equal(await at(), 'answer');
        await page.keyboard.press('Enter');
        await until('the score', async () => (await page.locator('.score').textContent()).includes(`of ${asked}`));
      }
      // Live hosts send a held segment again when the answers take long: the third question may be about that.
      if (address === log) assert.match(await page.locator('.score').textContent(), /1 of 3/);
      // Nothing is asked any more: what came of the last answer has the focus, and keys are heard.
      if (address === log) await until('the result', async () => (await at()) === 'outcome');
    }
  },

  /** At a projector the next question had pushed out of sight whether the answer was right, and with which reason. */
  async what_came_of_an_answer_is_seen_with_the_next_question(browser) {
    for (const lang of ['en', 'zh']) {
      const page = await open(browser, await serve('replay', await recorded('close-four')), { viewport: { width: 1024, height: 768 } });
      if (lang === 'zh') await page.keyboard.press('t');
      await page.keyboard.press('7');
      await page.locator('[data-guess=on]').check();
      await page.locator('[data-guess=answer]').waitFor();
      for (let asked = 1; await page.locator('[data-guess=answer]').count(); asked += 1) {
        await page.locator('[data-guess=state]').selectOption('LISTEN'); // wrong: the longest that is said
        await page.locator('[data-guess=answer]').click();
        await until('the score', async () => (await page.locator('.score').textContent()).includes(String(asked)));
        assert.equal(await page.locator('.outcome[data-right=false] + .score').count(), 1);
        const [panel, ...told] = await page.evaluate(() => ['#learn', '.outcome', '#predict .why', '.question']
          .map((it) => document.querySelector(it)?.getBoundingClientRect()).filter((it) => it).map(({ top, bottom }) => ({ top, bottom })));
        for (const it of told) assert(it.top >= panel.top && it.bottom <= panel.bottom + 1, `${lang}, answer ${asked}: ${JSON.stringify([panel, told])}`);
      }
      assert.match(await page.locator('.score').textContent(), /9/, 'the whole handshake and the whole close');
    }
  },

  /** Nobody has looked for one: it said that there was no listener and no connection. */
  async a_capture_denies_no_socket(browser) {
    const file = join(scratch, 'handshake.pcapng');
    const made = spawnSync(LINEMAN, ['lab', 'replay', await recorded('handshake'), '--export', 'pcapng', '-o', file]);
    assert.equal(made.status, 0, String(made.stderr));
    const page = await open(browser, await launch('read', file));
    await until('all of it', async () => (await labels(page)).some((label) => label.startsWith('ACK')));
    await page.keyboard.press('Home');
    await until('the SYN', async () => /SYN-SENT/.test(await state(page, 'client')));
    await until('nothing known', async () => /no state deduced/.test(await page.locator('#server').innerText()));
    for (let at = 0; at < 4; at += 1) {
      assert.doesNotMatch(await page.locator('main').innerText(), /no listener/);
      await page.keyboard.press('ArrowDown');
    }
  },

  /** With a panel that is higher it was below the window: what is looked at stays in sight, and what was scrolled away stays away. */
  async the_chosen_row_stays_in_sight(browser) {
    const page = await open(browser, await serve('replay', await recorded('close-four')));
    await until('all of it', async () => (await state(page, 'client')) === 'TIME-WAIT');
    const frames = () => page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))); }));
    const seen = () => page.evaluate(() => {
      const [row, scroll] = ['.row.chosen', '#ladder .scroll'].map((it) => document.querySelector(it)?.getBoundingClientRect());
      return row !== undefined && row.top >= scroll.top - 1 && row.bottom <= scroll.bottom + 1;
    });
    for (const key of ['5', '1', '7', '6', '5']) {
      await page.keyboard.press(key);
      await frames();
      assert(await seen(), `with panel ${key}`);
    }
    await page.locator('#ladder .scroll').evaluate((scroll) => { scroll.scrollTop = 0; });
    await frames();
    await page.keyboard.press('1');
    await frames();
    assert.equal(await page.locator('#ladder .scroll').evaluate((scroll) => scroll.scrollTop), 0, 'who reads elsewhere reads on');
  },

  /** What was found stood on the head of the next column; and no head is seen through what is looked for. */
  async the_head_of_the_ladder_is_legible(browser) {
    const page = await open(browser, await serve('replay', await recorded('close-four')));
    await until('all of it', async () => (await state(page, 'client')) === 'TIME-WAIT');
    for (const lang of ['en', 'zh-CN']) {
      await until(lang, async () => (await page.locator('html').getAttribute('lang')) === lang);
      for (const words of ['ack', 'nobody says this']) {
        await page.locator('.find input').fill(words);
        await page.locator('.find input').press('Enter');
        await until('it is told', async () => (await page.locator('.find .how').textContent()) !== '');
        for (const width of [1280, 1024]) {
          await page.setViewportSize({ width, height: 768 });
          const covered = await page.evaluate(() => {
            const find = document.querySelector('.find').getBoundingClientRect();
            const words = document.createRange();
            return [...document.querySelectorAll('#ladder .head > *')].filter((it) => {
              words.selectNodeContents(it);
              const box = words.getBoundingClientRect();
              return getComputedStyle(it).visibility === 'visible' && box.width > 0 && box.left < find.right && box.right > find.left;
            }).map((it) => it.innerText);
          });
          assert.deepEqual(covered, [], `${lang}, ${words}, ${width}`);
        }
      }
      await page.keyboard.press('Escape');
      await page.keyboard.press('t');
    }
  },

  /** It was below what is seen, and Enter did nothing. */
  async a_long_exercise_is_checked_without_scrolling(browser) {
    const page = await open(browser, await serve('replay', await recorded('close-four')), { viewport: { width: 1024, height: 768 } });
    await until('all of it', async () => (await state(page, 'client')) === 'TIME-WAIT');
    await page.keyboard.press('7');
    await page.locator('[data-do=exercise]').click();
    await page.locator('[data-do=pass]').click();
    await page.locator('[data-blank]').first().waitFor();
    const foot = () => page.evaluate(() => {
      const [paper, check, verdict] = ['#paper', '[data-do=check]', '.verdict'].map((it) => document.querySelector(it).getBoundingClientRect());
      return check.top >= paper.top && check.bottom <= paper.bottom && verdict.bottom <= check.top;
    });
    assert(await page.locator('#paper').evaluate((it) => it.scrollHeight > it.clientHeight), 'it is long');
    assert(await foot(), 'at its beginning');
    await page.locator('[data-blank]').first().fill('77');
    await page.keyboard.press('Enter');
    await until('a verdict', async () => (await page.locator('.verdict').textContent()) !== '');
    assert(await foot(), 'with a verdict');
  },

  async rows_are_found_by_their_words(browser) {
    const page = await open(browser, await serve('replay', await recorded('close-four')));
    await until('all of it', async () => (await state(page, 'client')) === 'TIME-WAIT');
    await page.keyboard.press('Home');
    await page.keyboard.press('/');
    await page.locator('.find input').fill('FIN+ACK seq=3');
    await page.keyboard.press('Enter');
    const told = page.locator('.find .how');
    await until('the FIN of the server', async () => /^FIN\+ACK seq=3/.test(await page.locator('.row.chosen .label').textContent()));
    assert.equal(await told.textContent(), '1 of 1');
    const first = await page.locator('.row.chosen').getAttribute('data-n');
    await page.locator('.find input').fill('fin');
    await page.keyboard.press('Enter');
    await until('others', async () => /^\d of [3-9]/.test(await told.textContent()));
    await page.keyboard.press('Escape');
    // The ladder is drawn in the next frame.
    const before = await until('another', async () => {
      const n = await page.locator('.row.chosen').getAttribute('data-n');
      return n !== first && n;
    });
    await page.keyboard.press('N');
    await until('one before', async () => (await page.locator('.row.chosen').getAttribute('data-n')) !== before);
    await page.locator('.find input').fill('#1');
    await page.keyboard.press('Enter');
    await until('the SYN', async () => /^SYN seq=0/.test(await page.locator('.row.chosen .label').textContent()));
    await page.locator('.find input').fill('nobody says this');
    await page.keyboard.press('Enter');
    await until('nothing', async () => (await told.textContent()) === 'in no row');
  },

  /** "cwnd 1 segments"; and a SYN is no byte that was written. */
  async what_is_counted_agrees_with_its_number(browser) {
    const page = await open(browser, await serve('handshake', '--kernel'));
    await until('a held SYN', () => held(page));
    const card = () => page.locator('#client').innerText();
    await until('what is not acknowledged', async () => /not acknowledged: the SYN, 0 bytes/.test(await card()));
    await until('another SYN', async () => /\b1 segment\b/.test(await card()));
    assert.doesNotMatch(await card(), /\b1 (bytes|segments)/);
  },

  /** What the host's TCP has told runs as a bar; graphs and the ruler read the same packets. */
  async time_is_measured(browser) {
    const page = await open(browser, await serve('close-four', '--kernel'));
    await until('a held SYN', () => held(page));
    await page.keyboard.press('s');
    await until('TIME-WAIT', async () => (await state(page, 'client')) === 'TIME-WAIT');
    const bar = page.locator('#client progress');
    const first = await until('a bar', async () => (await bar.count()) && bar.evaluate((it) => it.value));
    await until('it runs down', async () => (await bar.evaluate((it) => it.value)) < first);
    // A kernel that is asked some milliseconds later tells of what is left of its minute.
    const most = await bar.evaluate((it) => it.max);
    assert(most > 59e9 && most <= 60e9, `${most} ns`);
    await page.keyboard.press('m');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await until('a measure', async () => /[\d.]+ ms; from the client \d+ bytes/.test(await page.locator('.measured').textContent()));
    await page.keyboard.press('m');
    await until('none', async () => !(await page.locator('.measured').isVisible()));
    const cells = page.locator('.row .t');
    const last = (await cells.count()) - 1;
    const [from, to] = [await cells.nth(last - 4).boundingBox(), await cells.nth(last).boundingBox()];
    await page.mouse.move(from.x + 5, from.y + 5);
    await page.mouse.down();
    await page.mouse.move(to.x + 5, to.y + 5, { steps: 4 });
    await page.mouse.up();
    await until('a measure by dragging', () => page.locator('.measured').isVisible());
    await page.keyboard.press('5');
    await until('numbers', async () => /client has sent up to number \d+/.test(await page.locator('#graphs').textContent()));
    const before = await page.locator('.row.chosen').getAttribute('data-n');
    await page.locator('canvas.graph').click({ position: { x: 80, y: 60 } });
    await until('the row', async () => (await page.locator('.row.chosen').getAttribute('data-n')) !== before);
  },

  /** What the kernel tells of a connection is on the card, and in graphs that have the ladder's axis. */
  async the_kernels_figures_are_shown(browser) {
    const page = await open(browser, await serve('fast-retransmit', '--kernel'));
    await until('a held SYN', () => held(page));
    const card = page.locator('#client .figure');
    await until('an RTO of seconds', async () => /RTO [1-9]\d*000 ms/.test((await card.allTextContents()).join()));
    assert(!/RTT/.test((await card.allTextContents()).join()), 'no round trip before an answer');
    await page.keyboard.press('s');
    await until('all is over', async () => (await state(page, 'client')) === 'TIME-WAIT' || (await page.locator('#client .figure').count()) === 4);
    await page.keyboard.press('5');
    await until('a round trip', async () => /Last round trip of the client: [\d.]+ ms/.test(await page.locator('#graphs').textContent()));
    const told = await page.locator('#graphs').textContent();
    assert.match(told, /cwnd: \d+ segments/);
    const graphs = () => page.locator('canvas.graph').evaluate((canvas) => Math.floor((canvas.clientHeight - 18) / 84));
    // The last of them come with the last packets.
    await until('sequence, in flight, window, cwnd, RTT, goodput', async () => await graphs() === 6).catch(async (error) => {
      throw new Error(`${error.message}: ${await graphs()} graphs; ${await page.locator('#graphs').textContent()}`);
    });
    // Something is drawn in each of the graphs, right of the axis and above the line.
    const ink = await page.locator('canvas.graph').evaluate((canvas) => {
      const pen = canvas.getContext('2d');
      const graphs = Math.floor((canvas.clientHeight - 18) / 84);
      return Array.from({ length: graphs }, (_, nth) => {
        const pixels = pen.getImageData(70, nth * 84 + 20, canvas.width - 75, 60).data;
        const colours = new Set();
        for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] > 200) colours.add(pixels.slice(at, at + 3).join());
        return colours.size;
      });
    });
    assert(ink.every((colours) => colours >= 2), `${ink}`);
  },

  /** Those who want little motion see a bar move once a second, and nothing slide. */
  async little_motion_where_that_is_wanted(browser) {
    const page = await open(browser, await serve('close-four', '--kernel'), { reducedMotion: 'reduce' });
    await until('a held SYN', () => held(page));
    await page.keyboard.press('s');
    await until('TIME-WAIT', async () => (await state(page, 'client')) === 'TIME-WAIT');
    await until('a bar', () => page.locator('#client progress').count());
    const moves = await page.evaluate(async () => {
      const bar = document.querySelector('#client progress');
      let [last, count] = [bar.value, 0];
      const end = performance.now() + 2500;
      while (performance.now() < end) {
        await new Promise(requestAnimationFrame);
        if (bar.value !== last) count += 1;
        last = bar.value;
      }
      return count;
    });
    assert(moves >= 1 && moves <= 4, `${moves} times in 2.5 s`);
    const sliding = await page.evaluate(() => document.getAnimations().length
      + [...document.querySelectorAll('*')].filter((it) => getComputedStyle(it).transitionDuration !== '0s').length);
    assert.equal(sliding, 0);
  },

  async a_dropped_syn_comes_again_with_the_same_number(browser) {
    const page = await open(browser, await serve('handshake'));
    await page.keyboard.press('a');
    await until('a held SYN', () => held(page));
    const label = () => page.locator('.held code').first().textContent();
    await until('absolute numbers', async () => !(await label()).includes('seq=0'));
    const first = await label();
    const number = first.match(/seq=(\d+)/)[1];
    await page.keyboard.press('d');
    const again = await until('another SYN', async () => {
      const texts = await page.locator('.held code').allTextContents();
      return texts.find((text) => text !== first && text.includes('SYN') && !text.startsWith(first.split(' ')[0]));
    });
    assert.equal(again.match(/seq=(\d+)/)[1], number);
    const times = (await page.locator('.row:has(.label span:text("SYN")) .t').allTextContents()).map(Number);
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
    // A reload would take back a command that has not left yet.
    const obeyed = page.waitForResponse((it) => it.request().method() === 'POST');
    await page.keyboard.press('s');
    await obeyed;
    await page.reload();
    await until('TIME-WAIT', async () => (await state(page, 'client')) === 'TIME-WAIT');
    // The row of the last ACK is the last of all.
    await until('CLOSED', async () => (await state(page, 'server')) === 'CLOSED');
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
    await until('SYN+ACK in the other tab', async () => (await other.locator('.held code').allTextContents()).some((it) => it.includes('SYN+ACK')));
    await deliverUntil(other, 'ESTABLISHED in the first', async () => (await state(one, 'server')) === 'ESTABLISHED');
  },

  async chinese(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    assert.equal(await page.locator('.held [data-do=drop]').first().textContent(), 'Drop');
    await page.keyboard.press('t');
    await until('words', async () => (await page.locator('.held [data-do=drop]').first().textContent()) === '丢弃');
    // The rows are made anew in the other language: a click may have been for one that is gone.
    await until('the SYN in words', async () => {
      await page.locator('.row:has(.label span:text("SYN seq=0"))').first().click();
      return (await page.locator('#inspector').textContent()).includes('第一次握手');
    });
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
    await page.keyboard.press('4');
    await page.locator('#faults .rules').fill('loss 100%');
    await page.keyboard.press('Enter');
    await page.locator('#ladder .scroll').click({ position: { x: 20, y: 5 } });
    await page.keyboard.press('s');
    await until('a lost packet', async () => (await page.locator('.row .label.lost').count()) > 0);
  },

  /** Of two requests that are under way the later may arrive first: packets were let go before the rules that were to lose them. */
  async what_is_asked_for_is_done_in_order(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    await page.route('**/do', async (route) => {
      if (route.request().postData().includes('loss')) await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue();
    });
    await page.keyboard.press('4');
    await page.locator('#faults .rules').fill('loss 100%');
    await page.keyboard.press('Enter');
    await page.locator('#ladder .scroll').click({ position: { x: 20, y: 5 } });
    await page.keyboard.press('s');
    await until('a lost packet', async () => (await page.locator('.row .label.lost').count()) > 0);
  },

  async wrong_rules_are_told(browser) {
    const page = await open(browser, await serve('handshake'));
    page.removeAllListeners('console'); // the browser tells of the refusal, as it should
    await until('a held SYN', () => held(page));
    await page.keyboard.press('4');
    await page.locator('#faults .rules').fill('explode 20%');
    await page.keyboard.press('Enter');
    await until('a banner', () => page.locator('#banner').isVisible());
    assert.match(await page.locator('#banner').textContent(), /explode/);
    assert.equal(await held(page), 1);
    // It stood there for ever; what is done after it makes it go, and a button does.
    await page.locator('#faults .rules').fill('loss 1%');
    await page.keyboard.press('Enter');
    await until('no banner', async () => !(await page.locator('#banner').isVisible()));
    await page.locator('#faults .rules').fill('explode');
    await page.keyboard.press('Enter');
    await page.locator('#banner button').click();
    await until('no banner again', async () => !(await page.locator('#banner').isVisible()));
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

  /** The browser's own "Failed to fetch" stood in the banner, in Chinese too. */
  async what_nobody_answers_is_told_in_the_words_of_the_page(browser) {
    for (const words of [/not done: lineman does not answer/, /未执行：lineman 没有应答/]) {
      const page = await open(browser, await serve('handshake'));
      await until('a held SYN', () => held(page));
      if (words.source.includes('未')) await page.keyboard.press('t');
      await page.keyboard.press('3');
      children.at(-1).removeAllListeners('exit');
      children.at(-1).kill('SIGKILL');
      await page.keyboard.press('Escape');
      await page.keyboard.press('d');
      await until('a banner', () => page.locator('#banner').isVisible());
      assert.match(await page.locator('#banner').textContent(), words);
      // Calls are told where they were typed, too.
      await page.locator('#bench .prompt input').fill('state');
      await page.locator('#bench .prompt input').press('Enter');
      await until('an answer', async () => words.source.split(/: |：/).slice(1).every((it) => page.locator('.transcript .wrong', { hasText: it }).count()));
      assert.doesNotMatch(await page.locator('body').innerText(), /fetch/i);
    }
  },

  async a_call_is_placed_by_a_button(browser) {
    const page = await open(browser, await serve());
    await page.keyboard.press('2');
    await page.getByRole('button', { name: 'Place a call' }).click();
    const both = (name) => until(`both ${name}`, async () => (await state(page, 'client')) === name && (await state(page, 'server')) === name);
    await both('ESTABLISHED');
    const arrows = async () => (await labels(page)).filter(Boolean).join(', ');
    await until('three arrows', async () => (await arrows()) === 'SYN seq=0, SYN+ACK seq=0 ack=1, ACK ack=1');
    await page.getByRole('button', { name: 'The client sends it' }).click();
    await until('the line', async () => (await page.locator('#server ol').textContent()).includes('hello'));
    await page.getByRole('button', { name: 'The client closes' }).click();
    await until('CLOSE-WAIT', async () => (await state(page, 'server')) === 'CLOSE-WAIT');
    await page.getByRole('button', { name: 'The server closes' }).click();
    await until('TIME-WAIT', async () => (await state(page, 'client')) === 'TIME-WAIT');
    // Another one, which is aborted: the server's socket goes on listening.
    await page.getByRole('button', { name: 'Place a call' }).click();
    await both('ESTABLISHED');
    await page.getByRole('button', { name: 'The server aborts' }).click();
    await until('a RST', async () => (await labels(page)).some((label) => /^(:\d+ )?RST/.test(label)));
    await both('CLOSED');
  },

  async datagrams_of_any_size_and_to_anybody(browser) {
    const page = await open(browser, await serve());
    await page.keyboard.press('2');
    const send = async (size, to) => {
      await page.locator('#doing label:has-text("bytes") input').first().fill(String(size));
      await page.locator('#doing select').selectOption(to);
      await page.getByRole('button', { name: 'Send a datagram' }).click();
    };
    const seen = (what, label) => until(what, async () => (await labels(page)).some((it) => label.test(it)));
    await send(100, 'open');
    await seen('a datagram', /len=100/);
    await until('it is read', async () => (await page.locator('#server ol').textContent()).includes('= 100'));
    await send(7, 'closed');
    await seen('an ICMP error', /ICMP|unreachable/i);
    await send(0, 'open');
    await seen('an empty datagram', /len=0/);
    page.removeAllListeners('console');
    await send(65508, 'open');
    await until('it is too large', async () => (await page.locator('#client ol').textContent()).includes('EMSGSIZE'));
  },

  async a_file_comes_though_a_block_is_lost(browser) {
    const page = await open(browser, await serve());
    await page.setViewportSize({ width: 1280, height: 4000 }); // all rows are looked at, however late: none is scrolled away
    await page.keyboard.press('4');
    await page.locator('#faults .rules').fill('s>c:tftp.data block 2 #1 drop');
    await page.keyboard.press('Enter');
    await until('the rule', async () => (await page.locator('#wire').textContent()).includes('block 2'));
    await page.getByRole('tab', { name: 'do' }).click();
    await page.locator('#doing label:has-text("file") input').fill('3000');
    await page.locator('#doing label:has-text("blksize") input').fill('1024');
    await page.getByRole('button', { name: 'get', exact: true }).click();
    const seen = async (label, count) => (await labels(page)).filter((it) => label.test(it)).length >= count;
    await until('a lost block', async () => (await page.locator('.row .label.lost').count()) > 0);
    await until('block 2 twice', () => seen(/^DATA 2/, 2));
    await until('the last block', () => seen(/^DATA 3/, 1));
    await until('its ACK', () => seen(/^ACK 3/, 1));
    await until('the end', async () => !(await page.locator('#doing').textContent()).includes('being played'));
    await page.getByRole('button', { name: 'put', exact: true }).click();
    await page.getByRole('tab', { name: 'table' }).click(); // it has rows that the ladder has scrolled past
    await until('a write request', async () => (await page.locator('#table').textContent()).includes('WRQ'));
  },

  async calls_are_typed_on_either_host(browser) {
    const page = await open(browser, await serve());
    page.removeAllListeners('console'); // the browser tells of refusals, as it should
    await page.keyboard.press('3');
    const type = async (line) => {
      await page.locator('#bench .prompt input').fill(line);
      await page.keyboard.press('Enter');
    };
    const log = () => page.locator('#bench .transcript').textContent();
    await page.locator('#bench select').first().selectOption('server');
    await page.locator('#bench').getByRole('button', { name: 'bind', exact: true }).click();
    assert.equal(await page.locator('#bench .prompt input').inputValue(), 'bind :8888');
    await page.keyboard.press('Enter');
    await until('what is wrong', async () => (await log()).includes('no open socket'));
    await type('socket tcp');
    await until('the call', async () => (await page.locator('#server ol').textContent()).includes('socket('));
    await until('its descriptor', async () => (await page.locator('#bench select').nth(1).textContent()).includes('fd 3'));
    await type('bind :8888');
    await type('state');
    await until('the state', async () => (await log()).includes('0.0.0.0:8888'));
    await type('help accept');
    await until('help', async () => (await log()).includes('complete, and returns a new socket'));
    await type('conect 10.0.0.2:8888');
    await until('a complaint', async () => (await log()).includes('conect'));
    assert.equal(await page.locator('#client ol li').count(), 0);
  },

  /** Some fifty scenarios were one Tab each. */
  async a_scenario_is_chosen_by_arrow_keys(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    await page.keyboard.press('o');
    const on = () => page.evaluate(() => document.activeElement?.getAttribute('data-scenario'));
    assert.equal(await on(), 'handshake', 'the one that is played');
    await page.keyboard.press('ArrowDown');
    const next = await on();
    assert(next && next !== 'handshake', next);
    await page.keyboard.press('End');
    assert(await page.locator('.choice:focus').evaluate((it) => it === [...document.querySelectorAll('.choice')].at(-1)));
    await page.keyboard.press('Home');
    assert.equal(await on(), '', 'two hosts and a wire');
    for (const key of ['ArrowUp', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    assert.equal(await on(), next);
    await page.keyboard.press('Enter');
    await until('it begins', async () => (await page.locator('#title').textContent()) === next);
  },

  async another_scenario_begins_anew(browser) {
    const address = await serve('handshake');
    const [page, other] = [await open(browser, address), await open(browser, address)];
    await until('a held SYN', () => held(page));
    await page.keyboard.press('o');
    await page.locator('.choice[data-scenario="udp-closed"], .choice[data-scenario="udp-lost"]').first().click();
    for (const tab of [page, other]) {
      await until('the other scenario', async () => (await tab.locator('#title').textContent()).startsWith('udp'));
      await until('its datagram', async () => (await tab.locator('.held').count()) > 0);
      assert(!(await labels(tab)).some((label) => label.startsWith('SYN')), 'nothing is left of the other');
    }
    const rows = await page.locator('.rows').evaluate((list) => Number(list.dataset.rows));
    await page.reload();
    await until('all rows again', async () => (await page.locator('.rows').evaluate((list) => Number(list.dataset.rows))) >= rows);
    await page.getByRole('button', { name: 'Restart' }).click();
    await until('it begins again', async () => (await page.locator('.held').count()) > 0);
  },

  /** Nothing said how to begin; a FIN that was not read counted as a byte; and a listener was CLOSED once a connection was. */
  async cards_tell_of_the_socket_that_is_there(browser) {
    const page = await open(browser, await serve());
    await until('how to begin', async () => /Place a call under “do”/.test(await page.locator('#inspector').textContent()));
    await page.keyboard.press('2');
    const call = page.getByRole('button', { name: 'Place a call' });
    await call.click();
    await until('ESTABLISHED', async () => (await state(page, 'server')) === 'ESTABLISHED');
    await page.getByRole('button', { name: 'The client closes' }).click();
    await until('CLOSE-WAIT', async () => (await state(page, 'server')) === 'CLOSE-WAIT');
    await until('the FIN', async () => /not read: 0 bytes, and the FIN/.test(await page.locator('#server').innerText()));
    await page.getByRole('button', { name: 'The server closes' }).click();
    await until('CLOSED', async () => (await state(page, 'server')) === 'CLOSED');
    await page.keyboard.press('Escape');
    await page.locator('#ladder .scroll').click({ position: { x: 20, y: 5 } });
    await page.keyboard.press('s');
    await page.keyboard.press('End');
    await call.click();
    await until('another held SYN', () => held(page));
    await until('LISTEN', async () => (await state(page, 'server')) === 'LISTEN');
    assert.match(await page.locator('#server svg title').textContent(), /LISTEN/);
    await page.keyboard.press('1');
    await until('which connection', async () => /tells which connection it is/.test(await page.locator('#inspector').textContent()));
    // To be asked, packets must be held.
    await deliverUntil(page, 'ESTABLISHED again', async () => (await state(page, 'server')) === 'ESTABLISHED');
    await page.keyboard.press('s');
    await page.keyboard.press('7');
    await page.locator('[data-guess=on]').check();
    await until('how', async () => /Step \(key s\) holds each/.test(await page.locator('#predict').innerText()));
  },

  async the_next_syn_is_lost(browser) {
    const page = await open(browser, await serve());
    await page.keyboard.press('4');
    await page.getByRole('button', { name: 'next SYN', exact: true }).click();
    await until('the rule', async () => (await page.locator('#wire').textContent()).includes('syn #1 drop'));
    await page.keyboard.press('2');
    await page.getByRole('tab', { name: 'do' }).click();
    await page.getByRole('button', { name: 'Place a call' }).click();
    await until('a lost SYN', async () => (await page.locator('.row .label.lost').count()) === 1);
    await until('ESTABLISHED', async () => (await state(page, 'server')) === 'ESTABLISHED');
    // What the fields say becomes rules, and rules become fields.
    await page.getByRole('tab', { name: 'wire' }).click();
    await page.locator('#faults label:has-text("loss") input').fill('20');
    await page.locator('#faults label:has-text("seed") input').fill('7');
    await page.getByRole('button', { name: 'Apply' }).click();
    await until('the rules', async () => (await page.locator('#faults .rules').inputValue()) === 'syn #1 drop; loss 20%; seed 7');
    await page.locator('#ladder .scroll').click({ position: { x: 20, y: 5 } });
    await page.keyboard.press('e');
    await until('the command', async () => (await page.locator('.command').textContent()).includes("--fault 'syn #1 drop; loss 20%' --seed 7"));
  },

  /** Restart forgot the rules that the user had set, and IPv6: no scenario could be played with a loss of one's own from its beginning. */
  async the_same_again_has_the_same_rules(browser) {
    const page = await open(browser, await start('tftp-data-lost', '--ipv6', '--simulated'));
    await until('a walk', () => page.locator('[data-walk=all]').count());
    await page.locator('[data-walk=all]').click();
    await page.keyboard.press('4');
    await page.locator('#faults label:has-text("loss") input').fill('20');
    await page.locator('#faults label:has-text("seed") input').fill('7');
    await page.getByRole('button', { name: 'Apply' }).click();
    const rules = 's>c:tftp.data block 2 #1 drop; loss 20%; seed 7';
    const shown = () => page.locator('#faults .rules').inputValue();
    await until('the rules', async () => (await shown()) === rules);
    await page.locator('#ladder .scroll').click({ position: { x: 20, y: 5 } });
    await page.keyboard.press('r');
    await until('it begins anew', () => page.locator('[data-walk=all]').count());
    assert.equal(await shown(), rules);
    await page.locator('[data-walk=all]').click();
    await until('its end', async () => !(await page.locator('#doing').textContent()).includes('being played'));
    await page.keyboard.press('e');
    const command = await page.locator('.command').textContent();
    assert.equal(command, "lineman lab tftp-data-lost --ipv6 --simulated --fault 'loss 20%' --seed 7 --page");
    // The command loses the same packets of each direction; how many are sent is a question of time.
    const fates = (text, from) => {
      const packets = text.trim().split('\n').map((line) => JSON.parse(line).packet).filter((it) => it && it.part !== 'repeat' && it.from === from);
      const all = new Map(packets.map(({ id, fate }) => [id, fate]));
      return [...all].sort(([one], [other]) => one - other).map(([, fate]) => fate);
    };
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#exports [data-form=rows]').click()]);
    const words = command.replace(/^lineman | --page$/g, '').match(/'[^']*'|\S+/g).map((word) => word.replaceAll("'", ''));
    const again = spawnSync(LINEMAN, [...words, '--export', 'rows'], { encoding: 'utf8' });
    assert.equal(again.status, 0, again.stderr);
    const rows = readFileSync(await download.path(), 'utf8');
    for (const from of ['client', 'server']) {
      const [own, other] = [fates(rows, from), fates(again.stdout, from)];
      const both = Math.min(own.length, other.length);
      assert(both > 3 && own.slice(0, both).includes('dropped'), `${own}`);
      assert.deepEqual(other.slice(0, both), own.slice(0, both));
    }
    // Another scenario has its own.
    await page.keyboard.press('Escape');
    await page.keyboard.press('o');
    await page.locator('.choice[data-scenario=handshake]').click();
    await until('another', async () => (await page.locator('#title').textContent()) === 'handshake');
    await until('no rules', async () => (await shown()) === '');
  },

  async exports_are_files_that_others_read(browser) {
    const page = await open(browser, await serve('replay', await recorded('handshake')));
    await until('rows', () => page.locator('.row').count());
    await page.keyboard.press('e');
    for (const [form, begins] of [['pcapng', '\n\r\r\n'], ['svg', '<svg'], ['mermaid', 'sequenceDiagram'], ['jsonl', '{'], ['png', '\x89PNG']]) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`#exports [data-form=${form}]`).click()]);
      const file = readFileSync(await download.path(), 'latin1');
      assert(file.includes(begins), `${form}: ${file.slice(0, 80)}`);
      assert(download.suggestedFilename().startsWith('handshake.'), download.suggestedFilename());
      if (form === 'pcapng') {
        const read = spawnSync('tshark', ['-r', await download.path(), '-T', 'fields', '-e', 'tcp.flags.str'], { encoding: 'utf8' });
        assert.equal(read.status, 0, read.stderr);
        assert.equal(read.stdout.trim().split('\n').length, 3, read.stdout);
      }
    }
  },

  async a_lab_that_dies_can_be_begun_again(browser) {
    const page = await open(browser, await serve('handshake', '--kernel'));
    await until('a held SYN', () => held(page));
    const labs = spawnSync('pgrep', ['-P', String(children.at(-1).pid)], { encoding: 'utf8' }).stdout.trim().split('\n');
    for (const lab of labs) process.kill(Number(lab), 'SIGKILL');
    await until('it is told', async () => (await page.locator('#wire').textContent()).includes('has ended'));
    // Nothing in the log could tell that its hosts are gone with it.
    await until('both hosts are gone', async () => (await page.locator('.card .dead').count()) === 2);
    assert.match(await page.locator('#client .dead').textContent(), /gone.*Restart/);
    assert((await labels(page)).some((label) => label.startsWith('SYN')), 'the page stays readable');
    await page.getByRole('button', { name: 'Restart' }).click();
    await until('another held SYN', () => held(page));
    assert.equal(await page.locator('.card .dead').count(), 0);
    await deliverUntil(page, 'ESTABLISHED', async () => (await state(page, 'server')) === 'ESTABLISHED');
  },

  async a_long_log_keeps_few_elements(browser) {
    const page = await open(browser, await serve());
    await page.keyboard.press('2');
    await page.locator('#doing label:has-text("file") input').fill('40000');
    await page.locator('#doing label:has-text("blksize") input').fill('100');
    await page.getByRole('button', { name: 'put', exact: true }).click();
    await until('many rows', async () => (await page.locator('.rows').evaluate((list) => Number(list.dataset.rows))) > 800);
    for (const top of [0, 3000, 9000, 1e6]) {
      await page.locator('#ladder .scroll').evaluate((scroll, y) => { scroll.scrollTop = y; }, top);
      await page.waitForTimeout(100);
      assert(await page.locator('.row').count() < 80, `rows that nobody sees exist at ${top}`);
    }
  },

  async nothing_from_a_log_becomes_markup(browser) {
    const log = await recorded('tftp-get');
    const evil = '<script>window.hurt=1</script><img src=x onerror=window.hurt=1>';
    const infect = (value, key) => {
      if (typeof value === 'string' && ['name', 'scenario', 'system', 'text', 'id', 'rule', 'value', 'error', 'why', 'algorithm', 'program'].includes(key)) return value + evil;
      if (Array.isArray(value)) return value.map((it) => (typeof it === 'string' && key === 'args' ? it + evil : infect(it, '')));
      if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, infect(it, name)]));
      return value;
    };
    const lines = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    const end = lines.pop();
    const more = [
      { event: 'congestion', host: 'client', algorithm: 'cubic', window: 1, threshold: 2, origin: 'kernel' },
      { event: 'left', host: 'server', why: 'it was killed' },
    ];
    for (const event of more) lines.push({ n: end.n + lines.length, t_ns: end.t_ns, ...event });
    lines.forEach((line, n) => { line.n = n; });
    lines.push({ ...end, n: lines.length });
    writeFileSync(log, `${lines.map((line) => JSON.stringify(infect(line, ''))).join('\n')}\n`);
    const page = await open(browser, await serve('replay', log));
    await until('the name', async () => (await page.locator('#title').textContent()).includes('<script>'));
    await until('a host that is gone', async () => (await page.locator('#server .dead').textContent()).includes('it was killed<script>'));
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      for (let presses = 0; presses < 30; presses += 1) await page.locator('body').press(presses < 15 ? 'ArrowUp' : 'ArrowDown');
    }
    await page.keyboard.press('e');
    await page.locator('#exports').getByRole('button', { name: 'Close', exact: true }).click();
    assert.equal(await page.evaluate('window.hurt'), undefined);
    assert.equal(await page.locator('main img, main script, header img').count(), 0);
    assert(await page.getByText('onerror').count());
  },

  async predict_scores(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    await page.locator('[data-tab=learn]').click();
    await page.locator('#predict input[type=checkbox]').check();
    const answer = async (host, state) => {
      await page.locator('[data-guess=host]').selectOption(host);
      await page.locator('[data-guess=state]').selectOption(state);
      await page.locator('[data-guess=answer]').click();
    };
    // A key does not let a packet through that is asked about.
    await page.locator('#learn').focus();
    await page.keyboard.press(' ');
    assert.equal(await page.locator('[data-guess=answer]').count(), 1);
    await answer('server', 'SYN-RECEIVED');
    await page.locator('.outcome[data-right=true]').waitFor();
    assert.match(await page.locator('.score').textContent(), /1 of 1/);
    await page.locator('[data-guess=answer]').waitFor();
    await answer('server', 'ESTABLISHED'); // it is the client that the SYN+ACK makes so
    await page.locator('.outcome[data-right=false]').waitFor();
    assert.match(await page.locator('.outcome').textContent(), /client ESTABLISHED/);
    assert.match(await page.locator('#predict .why').textContent(), /because/);
    assert.match(await page.locator('.score').textContent(), /1 of 2/);
  },

  async an_exercise_is_solved_and_a_wrong_solution_is_not_accepted(browser) {
    const log = await recorded('handshake');
    const page = await open(browser, await serve('replay', log));
    await until('rows', async () => (await labels(page)).length >= 3);
    await page.locator('[data-tab=learn]').click();
    await page.locator('[data-do=exercise]').click();
    await page.locator('.shuffled code').first().waitFor();
    const texts = await page.locator('.shuffled code').allTextContents();
    assert.equal(texts.length, 3);
    // What the blanks ask is open here too: flags are told by what they go with.
    const place = (text) => (/ack=/.test(text) ? (/seq=/.test(text) ? '2' : '3') : '1');
    const solved = () => page.locator('.verdict').getAttribute('data-solved');
    const check = async () => {
      const answer = page.waitForResponse((it) => it.request().method() === 'POST');
      await page.locator('[data-do=check]').click();
      await answer;
    };
    // Nothing was said of an order with a gap, or of two packets in one place.
    for (const places of [['1', '', '3'], ['1', '1', '2'], ['0', '1', '2'], ['', '', '']]) {
      for (const [at, it] of places.entries()) await page.locator('.place').nth(at).fill(it);
      await check();
      await until('places are missing', async () => /its own number, from 1 to 3/.test((await page.locator('.mark').allTextContents()).join()));
      assert.equal(await solved(), 'false');
    }
    // Everything is filled in, and wrong.
    const blanks = page.locator('[data-blank]');
    const count = await blanks.count();
    assert(count >= 3, `${count} blanks`);
    // The ladder would answer the first question: it is not seen before that is answered, or passed over.
    assert.equal(await page.locator('.ladder-text').isVisible(), false);
    for (let at = 0; at < texts.length; at += 1) await page.locator('.place').nth(at).fill(String(texts.length + 1 - Number(place(texts[at]))));
    await check();
    await until('the order is wrong', async () => (await page.locator('.mark[data-mark=wrong]').count()) === 1);
    assert.equal(await page.locator('.ladder-text').isVisible(), false);
    await page.locator('[data-do=pass]').click();
    for (let at = 0; at < count; at += 1) await blanks.nth(at).fill('CLOSING');
    await check();
    await until('a verdict', async () => (await solved()) === 'false');
    assert.equal(await page.locator('.blanks .mark[data-mark=wrong]').count(), count);
    assert.match(await page.locator('.blanks .mark').allTextContents().then((all) => all.join(' ')), /because|SYN/);
    assert(await page.locator('.mark[data-mark=wrong]').count() > count, 'the order is wrong too');
    // What a person who knows TCP fills in: the texts of the ladder behind the exercise.
    const lines = await page.locator('.ladder-text tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    const whole = [['SYN-SENT', 'SYN', '0', '', 'SYN-RECEIVED'], ['ESTABLISHED', 'SYN+ACK', '0', '1', 'SYN-RECEIVED'], ['ESTABLISHED', 'ACK', '', '1', 'ESTABLISHED']];
    const fill = async (cell, truth) => {
      const blank = cell?.match(/\[(\d+)\]/);
      if (blank) await blanks.nth(Number(blank[1]) - 1).fill(truth);
    };
    for (const [at, [, client, text, server]] of lines.entries()) {
      const [state, flags, seq, ack, other] = whole[at];
      await fill(client, state);
      await fill(server, other);
      await fill(text.match(/^[→←] (\[\d+\])/)?.[1], flags);
      await fill(text.match(/seq=(\[\d+\])/)?.[1], seq);
      await fill(text.match(/ack=(\[\d+\])/)?.[1], ack);
    }
    await check();
    await until('the order is still open', async () => (await page.locator('.blanks .mark[data-mark=right]').count()) === count);
    assert.equal(await solved(), 'false');
    for (let at = 0; at < texts.length; at += 1) await page.locator('.place').nth(at).fill(place(texts[at]));
    await check();
    await until('solved', async () => (await solved()) === 'true');
  },

  /** Without a lab and without the log's rows, which are the answers. */
  async an_exercise_file_is_opened_solved_and_a_wrong_solution_is_not_accepted(browser) {
    const log = await recorded('handshake');
    const file = join(scratch, 'a.exercise');
    const made = spawnSync(LINEMAN, ['lab', 'exercise', '--make', log, '--ask', 'state,ack,order', '-o', file]);
    assert.equal(made.status, 0, String(made.stderr));
    const address = await serve('exercise', file);
    const page = await open(browser, address, { bypassCSP: true });
    await page.locator('.shuffled code').first().waitFor();
    assert.equal(await page.locator('main').isVisible(), false);
    const events = await page.evaluate(async () => {
      const answer = await fetch('export/en/jsonl');
      return answer.text();
    });
    assert.doesNotMatch(events, /ESTABLISHED|"sent"/, 'the page has no answers');
    const solved = () => page.locator('.verdict').getAttribute('data-solved');
    const blanks = page.locator('[data-blank]');
    const count = await blanks.count();
    assert(count >= 3, `${count} blanks`);
    const truths = [];
    const lines = await page.locator('.ladder-text tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    const whole = [['SYN-SENT', '', 'SYN-RECEIVED'], ['ESTABLISHED', '1', 'SYN-RECEIVED'], ['ESTABLISHED', '1', 'ESTABLISHED']];
    for (const [at, [, client, text, server]] of lines.entries()) {
      const [state, ack, other] = whole[at];
      for (const [cell, truth] of [[client, state], [server, other], [text.match(/ack=(\[\d+\])/)?.[1], ack]]) {
        const blank = cell?.match(/^\[(\d+)\]/);
        if (blank) truths[Number(blank[1]) - 1] = truth;
      }
    }
    const order = await page.locator('.shuffled code').allTextContents();
    const place = (text) => String(['SYN seq', 'SYN+ACK', 'ACK ack'].findIndex((it) => text.startsWith(it)) + 1);
    for (const [at, text] of order.entries()) await page.locator('.place').nth(at).fill(place(text));
    await page.locator('[data-do=check]').click();
    await page.locator('.ladder-text').waitFor();
    for (let at = 0; at < count; at += 1) await blanks.nth(at).fill(at === 0 ? '77' : truths[at]);
    await page.locator('[data-do=check]').click();
    await until('a verdict', async () => (await page.locator('.blanks .mark[data-mark=wrong]').count()) === 1);
    assert.equal(await solved(), 'false');
    // In the other language it is the same exercise, with what the learner has filled in.
    await page.locator('#work').press('t');
    await until('Chinese', async () => /批改/.test(await page.locator('[data-do=check]').textContent()));
    assert.equal(await blanks.nth(0).inputValue(), '77');
    assert.equal(await page.locator('.blanks .mark[data-mark=wrong]').count(), 1);
    await blanks.nth(0).fill(truths[0]);
    await page.locator('[data-do=check]').click();
    await until('solved', async () => (await solved()) === 'true');
    // The list of keys has those that do something here.
    await page.locator('#work').press('?');
    const keys = await page.locator('#keys dt').allTextContents();
    assert.deepEqual(keys, ['t', 'i', '? h', 'Tab', 'Esc']);
    await page.keyboard.press('Escape');
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run());
    const serious = found.violations.filter((it) => ['serious', 'critical'].includes(it.impact));
    assert.deepEqual(serious.map((it) => it.id), []);
    // Another one about the same log asks what this one asks.
    await page.getByRole('button', { name: '换一份' }).click();
    await until('another', async () => (await page.locator('.verdict').textContent()) === '');
    children.at(-1).kill('SIGKILL');
    await page.locator('[data-do=check]').click();
    await until('it is told', async () => /没有批改/.test(await page.locator('.verdict').textContent()));
  },

  async the_chapter_is_a_path_through_scenarios(browser) {
    const page = await open(browser, await serve('handshake'));
    await page.locator('[data-tab=learn]').click();
    const steps = await page.locator('.chapter > li > b').allTextContents();
    if (!steps[0].startsWith('三次握手')) await page.keyboard.press('t');
    await until('the names of the textbook', async () => {
      const names = (await page.locator('.chapter > li > b').allTextContents()).join(' ');
      return /三次握手：第一次、第二次、第三次/.test(names) && /四次挥手/.test(names);
    });
    assert.equal(await page.locator('.chapter [data-scenario]').count(), 13, 'a step whose scenario is gone');
    await page.locator('.chapter [data-scenario=close-four]').click();
    await until('another scenario', async () => (await page.locator('#title').textContent()) === 'close-four');
  },

  /** 三次握手 and 四次挥手 were two headings, and nothing led to the first, the second … of them. */
  async each_step_of_the_chapter_leads_to_its_packet(browser) {
    const page = await open(browser, await start('udp-lost'));
    await until('a walk', () => page.locator('[data-walk=next]').count());
    await page.locator('[data-tab=learn]').click();
    const steps = [
      ['shake.first', '第一次握手', 'First', /^SYN seq=0/], ['shake.second', '第二次握手', 'Second', /^SYN\+ACK seq=0/], ['shake.third', '第三次握手', 'Third', /^ACK ack=1/],
      ['wave.first', '第一次挥手', 'First', /^FIN\+ACK/], ['wave.second', '第二次挥手', 'Second', /^ACK/], ['wave.third', '第三次挥手', 'Third', /^FIN\+ACK/], ['wave.fourth', '第四次挥手', 'Fourth', /^ACK/],
      ['datagram', '数据报', 'datagram', /^UDP/],
      ['tftp.rrq', 'RRQ', 'RRQ', /^RRQ/], ['tftp.data', 'DATA', 'DATA', /^DATA 1/], ['tftp.ack', 'ACK', 'ACK', /^ACK 1/], ['tftp.last', 'DATA', 'DATA', /^DATA 3/], ['tftp.end', 'ACK', 'ACK', /^ACK 3/],
    ];
    for (const lang of ['en', 'zh-CN']) {
      await until(lang, async () => (await page.locator('html').getAttribute('lang')) === lang);
      assert.equal(await page.locator('.chapter [data-packet]').count(), steps.length);
      for (const [name, zh, en, label] of steps) {
        const step = page.locator(`[data-packet="${name}"]`);
        assert.match(await step.textContent(), new RegExp(lang === 'en' ? en : zh));
        await step.click();
        await until(`${name}: its packet`, async () => label.test((await page.locator('.row.chosen .label').allTextContents()).join()));
        await until(`${name}: is marked`, async () => (await step.getAttribute('aria-current')) === 'step');
        // What there is to say of it is read beside it.
        assert((await page.locator(`li:has(> [data-packet="${name}"]) .said`).textContent()).length > 8, name);
      }
      await page.keyboard.press('t');
    }
    // A question that stands before it comes first.
    await page.locator('[data-scenario=handshake]').click();
    await until('a walk from the beginning', async () => (await page.locator('#title').textContent()) === 'handshake' && (await page.locator('[data-walk=next]').count()));
    await page.locator('[data-guess=on]').check();
    await page.locator('[data-guess=answer]').waitFor();
    await page.locator('[data-packet="shake.third"]').click();
    await until('it is told', async () => /until the question is answered/.test(await page.locator('.chapter .named').first().textContent()));
    assert(!(await labels(page)).some((it) => it.startsWith('ACK')), 'nothing is given away');
  },

  /** A log without a lab has the steps that are in it, and a held packet is waited for. */
  async steps_of_the_chapter_wait_for_their_packet(browser) {
    const log = await open(browser, await serve('replay', await recorded('close-four')));
    await log.keyboard.press('7');
    await until('the steps', async () => (await log.locator('[data-packet]').count()) === 7);
    for (const name of ['wave.second', 'wave.third']) {
      await log.keyboard.press('Home');
      await log.locator(`[data-packet="${name}"]`).click();
      await until(name, async () => /^FIN\+ACK|^ACK/.test((await log.locator('.row.chosen .label').allTextContents()).join()));
    }
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    await page.locator('[data-tab=learn]').click();
    await page.locator('[data-packet="shake.third"]').click();
    await until('it is told', async () => /deliver those that are held/.test(await page.locator('.chapter .named').first().textContent()));
    await page.locator('#learn').focus();
    await deliverUntil(page, 'the third', async () => (await page.locator('[data-packet="shake.third"]').getAttribute('aria-current')) === 'step');
  },

  /** The packet that a step led to was the last row, which was followed: the next one took the reader off before a word was read. */
  async a_step_stays_at_its_packet_though_more_comes(browser) {
    const page = await open(browser, await serve('handshake'));
    await until('a held SYN', () => held(page));
    await page.locator('[data-tab=learn]').click();
    const marked = async (name) => (await page.locator(`[data-packet="${name}"]`).getAttribute('aria-current')) === 'step';
    // Nothing comes after a SYN+ACK that is held, until it is sent again: a reader is slower than that.
    const more = { 'shake.second': [/ SYN seq=0/, /^SYN\+ACK seq=0/, /^SYN\+ACK .*resent/], 'shake.third': [/SYN\+ACK/, /^ACK ack=1/, /^connect\(\) = 0/] };
    for (const [name, [before, label, next]] of Object.entries(more)) {
      await page.locator(`[data-packet="${name}"]`).click();
      // Only what comes before the step is delivered: a SYN+ACK that arrives is not sent again.
      await page.locator('.held').filter({ hasText: before }).first().locator('[data-do=deliver]').click();
      await until(`the mark of ${name}`, () => marked(name));
      // The ladder is drawn in the next frame.
      await until(`the row of ${name}`, async () => label.test((await page.locator('.row.chosen .label').allTextContents()).join()));
      const at = await page.locator('.row.chosen').getAttribute('data-n');
      await until(`more after ${name}`, async () => (await page.locator('.row .label, .row .call').allTextContents()).some((it) => next.test(it)));
      assert(await marked(name), `${name} is left`);
      assert.equal(await page.locator('.row.chosen').getAttribute('data-n'), at);
    }
  },

  /** The same where words were looked for; but a row of a packet that is sent again stands for those of the times before. */
  async what_was_found_stays_though_more_comes(browser) {
    const page = await open(browser, await serve('handshake'));
    const chosen = async () => (await page.locator('.row.chosen .label').allTextContents()).join();
    const find = async (words) => {
      await page.locator('.find input').fill(words);
      await page.locator('.find input').press('Enter');
    };
    const times = async () => Number((await chosen()).match(/^SYN seq=0 \(resent (\d+) time/)?.[1] ?? 0);
    await until('it is sent again', async () => (await labels(page)).some((it) => /resent/.test(it)));
    await find('resent');
    const before = await until('the row', times);
    await until('the row that stands for it', async () => (await times()) > before);
    await page.locator('#inspector').focus();
    await page.keyboard.press(' ');
    await until('the SYN+ACK', async () => (await labels(page)).some((it) => it.startsWith('SYN+ACK')));
    await find('#2');
    await until('it is found', async () => (await chosen()) === 'SYN+ACK seq=0 ack=1');
    await until('it is sent again', async () => (await labels(page)).some((it) => /^SYN\+ACK .*resent/.test(it)));
    assert.equal(await chosen(), 'SYN+ACK seq=0 ack=1');
  },

  /** The same where a row was clicked, to read its bytes: the last one is followed only where that is asked for. */
  async a_clicked_row_stays_though_more_comes(browser) {
    const page = await open(browser, await serve());
    const rows = () => page.locator('.rows').evaluate((list) => Number(list.dataset.rows));
    const chosen = async () => Number(await page.locator('.row.chosen').getAttribute('data-n'));
    const follows = page.locator('.follow');
    const last = async (what) => until(what, async () => (await chosen()) === (await rows()) - 1);
    const more = async (name, call) => {
      const [before, calls] = [await rows(), async () => (await page.locator('.row .call').allTextContents()).filter((it) => call.test(it)).length];
      const made = await calls();
      await page.keyboard.press('2');
      await page.getByRole('button', { name }).click();
      await until(`more: ${name}`, async () => (await rows()) > before && (await calls()) > made);
    };
    await more('Place a call', /^accept\(\) = /);
    await last('it is followed from the beginning');
    assert(!(await follows.isVisible()));
    const ways = {
      ladder: () => page.locator('.row.chosen .label').click(),
      ruler: () => page.locator('.row.chosen .t').click(),
      graph: async () => {
        await page.keyboard.press('5');
        const canvas = page.locator('canvas.graph');
        await canvas.waitFor();
        await canvas.click({ position: { x: await canvas.evaluate((it) => it.clientWidth - 1), y: 60 } });
      },
    };
    const does = { ladder: ['The client closes', /^close\(\d\) = 0/], ruler: ['The server closes', /^close\(\d\) = 0/], graph: ['Place a call', /^accept\(\) = /] };
    for (const [where, way] of Object.entries(ways)) {
      const at = await last(`${where}: the last row`) && await chosen();
      await way();
      await more(...does[where]);
      assert.equal(await chosen(), at, `a click on the ${where}`);
      // Back to what happens now, by the button or by its key.
      if (where === 'ruler') await page.keyboard.press('End');
      else await follows.click();
      await last(`${where}: what happens now`);
      assert(!(await follows.isVisible()));
    }
    await more('The client closes', /^close\(\d\) = 0/);
    await last('what comes is followed again');
    // A user of the keyboard goes on in the ladder.
    await page.locator('.row.chosen .label').click();
    await follows.focus();
    await page.keyboard.press('Enter');
    await until('the row', () => page.evaluate(() => document.activeElement?.matches('.row.chosen') ?? false));
  },

  /** A step went on asking for what is held before its packet, though nothing was and the scenario had ended. */
  async a_step_waits_no_more_for_what_does_not_come(browser) {
    const page = await open(browser, await serve('tftp-get', '--simulated'));
    await until('a held RRQ', () => held(page));
    await page.locator('[data-tab=learn]').click();
    const step = page.locator('[data-packet="tftp.ack"]');
    const told = () => page.locator('li:has(> [data-packet="tftp.ack"]) span').textContent();
    const drop = (words) => until(`${words}`, async () => {
      if (await held(page)) await page.keyboard.press('d');
      return words.test(await told());
    });
    await step.click();
    await until('it is told', async () => /deliver those that are held/.test(await told()));
    await page.locator('#learn').focus();
    await drop(/has not been sent yet$/); // nothing is held
    await drop(/^this packet is not in the log, and the scenario has ended$/);
    assert.equal(await held(page), 0);
    await page.keyboard.press('t');
    await until('in Chinese', async () => /^日志中没有这个报文，而场景已经结束$/.test(await told()));
    await page.keyboard.press('t');
    // Once more, and this time it comes: that the scenario before has ended does not count while the next one is on its way.
    await page.route('**/do', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await route.continue();
    });
    await step.click();
    await until('it waits again', async () => /has not been sent yet$/.test(await told()));
    await until('a held RRQ again', () => held(page));
    await page.unroute('**/do');
    await until('what is held', async () => /deliver those that are held/.test(await told()));
    await page.locator('#learn').focus();
    await deliverUntil(page, 'its ACK', async () => (await step.getAttribute('aria-current')) === 'step');
  },

  async nothing_serious_for_those_who_see_badly(browser) {
    const page = await open(browser, await serve('close-four'), { bypassCSP: true });
    await until('a held SYN', () => held(page));
    await page.evaluate(axe);
    const look = async (where) => {
      const found = await page.evaluate(() => window.axe.run());
      const serious = found.violations.filter((it) => ['serious', 'critical'].includes(it.impact));
      assert.deepEqual(serious.map((it) => `${where} ${it.id}: ${it.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`), []);
    };
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => { document.documentElement.dataset.theme = name; }, theme);
      for (const tab of await page.getByRole('tab').all()) {
        await tab.click();
        await look(`${theme} ${await tab.textContent()}`);
      }
      for (const [key, dialog] of [['o', 'chooser'], ['e', 'exports'], ['?', 'keys']]) {
        await page.locator('body').press(key);
        await look(`${theme} ${dialog}`);
        await page.locator(`#${dialog}`).getByRole('button', { name: 'Close', exact: true }).click();
      }
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
