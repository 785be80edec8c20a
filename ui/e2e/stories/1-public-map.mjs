// Anybody opens the map.
import assert from 'node:assert/strict';
import { phone } from '../lib/browser.mjs';
import { colours } from '../lib/pixels.mjs';
import { until } from '../lib/until.mjs';

export const seconds = 70;
const firstView = 200_000; // bytes
const hotspot = '.row .row-icon-hotspot';

/** The stream falls silent, so the list stands still. */
export const plant = (context) => context.route('**/api/v1/map/live', (route) => route.abort());

export default async function (stage) {
  const context = await stage.open();
  const page = await context.newPage();
  const wire = await watchWire(context, page);
  await stage.step('a fresh demo shows something within five seconds of opening', async () => {
    const opened = Date.now();
    await page.goto('/', { waitUntil: 'commit' });
    await page.locator('.panel .row').first().waitFor({ timeout: 5000 });
    await page.locator(hotspot).first().waitFor({ timeout: 15_000 });
    console.log(`     first hotspot ${Date.now() - opened} ms after a cold start`);
  });
  await stage.shot(page, 'first-view');
  await stage.step('the map is drawn, not one colour', () => drawn(page));
  await stage.shot(page, 'drawn');
  await stage.step('the first view is under 200 KB on the wire before MapLibre', async () => {
    const bytes = wire.beforeMap();
    console.log(`     ${bytes} bytes before MapLibre's chunk`);
    assert.ok(bytes > 5000 && bytes < firstView, `${bytes} bytes`);
  });
  await stage.step('the stream moves the list, without a reload', async () => {
    const before = await page.evaluate(listed);
    await until('the list to change', 30, async () => await page.evaluate(listed) !== before);
    assert.ok(wire.events() > 0, 'no event came over the stream');
  });
  await stage.shot(page, 'moved');
  await stage.step('whoever opens it now sees a hotspot within five seconds', async () => {
    await page.goto('/', { waitUntil: 'commit' });
    await page.locator(hotspot).first().waitFor({ timeout: 5000 });
  });
  await stage.step('a hotspot opens beside the map', async () => {
    await page.locator('.row-link', { has: page.locator('.row-icon-hotspot') }).first().press('Enter');
    await page.locator('article.detail .figures').waitFor();
  });
  await stage.shot(page, 'hotspot');
  await withoutScript(stage);
}

const listed = () => [...document.querySelectorAll('.panel .row-title, .panel .row-icon-hotspot, .panel .count')].map((e) => e.textContent).join('|');

/** The free middle of the map shows land, lines and marks. */
export function drawn(page, box = { x: 560, y: 160, width: 560, height: 420 }) {
  return until('a drawn map', 40, async () => {
    if (!await page.locator('#map canvas').count()) return false;
    const seen = colours(await page.screenshot({ clip: box }));
    return seen.count > 40 && seen.commonest < 0.99;
  });
}

/** Counts what comes over the wire, and the stream's events. */
async function watchWire(context, page) {
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const started = new Map();
  const bytes = new Map();
  let order = 0, mapAt = Infinity, events = 0;
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    started.set(requestId, ++order);
    if (/\/view-[^/]*\.js$/.test(request.url)) mapAt = Math.min(mapAt, order);
  });
  session.on('Network.dataReceived', ({ requestId, encodedDataLength }) => bytes.set(requestId, (bytes.get(requestId) ?? 0) + encodedDataLength));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => bytes.set(requestId, encodedDataLength));
  session.on('Network.eventSourceMessageReceived', () => { events++; });
  return {
    beforeMap() {
      assert.ok(mapAt < Infinity, 'MapLibre comes in a chunk of its own');
      return [...bytes].filter(([id]) => (started.get(id) ?? 0) < mapAt).reduce((sum, [, n]) => sum + n, 0);
    },
    events: () => events,
  };
}

async function withoutScript(stage) {
  for (const [size, options] of [['desktop', {}], ['phone', phone]]) {
    const context = await stage.open({ ...options, javaScriptEnabled: false });
    const page = await context.newPage();
    await stage.step(`list and still map without JavaScript, ${size}`, async () => {
      await page.goto('/');
      await page.locator('.panel .row').first().waitFor();
      const still = page.locator('.mapface-still');
      await still.waitFor();
      const seen = colours(await still.screenshot());
      assert.ok(seen.count > 20 && seen.commonest < 0.99, `the still map has ${seen.count} colours`);
    });
    await stage.shot(page, `without-script-${size}`);
    await context.close();
  }
}
