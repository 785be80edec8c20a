// Coordinators and responders: true points, and who goes where.
import assert from 'node:assert/strict';
import { handIn } from '../lib/desk.mjs';
import { drawn } from './1-public-map.mjs';

export const seconds = 90;

/** The responders' stream falls silent. */
export const plant = (context) => context.route('**/api/v1/ops/map/live', (route) => route.abort());

// Inside the demo's area, away from what it tells of.
const kind = 'hospital'; // the demo has none
const point = { lon: 36.751237, lat: -1.247913 };

export default async function (stage) {
  const first = await ops(stage, 'coordinator');
  const second = await ops(stage, 'responder');
  await stage.step('the map is drawn', () => drawn(first));
  await stage.shot(first, 'ops');
  await truePoint(stage, first);
  await stage.step('nothing of it is public before people have checked it', async () => {
    const features = await incidents(first, '/api/v1/map');
    assert.ok(features.length > 0);
    assert.equal(features.filter(near).length, 0);
  });
  await acknowledge(stage, first, second);
}

async function ops(stage, role) {
  const page = await (await stage.seated(role)).newPage();
  await stage.step(`a ${role} opens the responders' map`, async () => {
    await page.goto('/ops');
    await page.locator('.row .row-icon-hotspot').first().waitFor();
    await page.locator('.panel-fresh .pulse-live').waitFor();
  });
  return page;
}

const near = (feature) => feature.geometry && Math.abs(feature.geometry.coordinates[0] - point.lon) < 0.01 && Math.abs(feature.geometry.coordinates[1] - point.lat) < 0.01;

async function incidents(page, base) {
  return (await (await page.request.get(`${base}/incidents?limit=10000&phase=ongoing,over`)).json()).features;
}

async function truePoint(stage, page) {
  await stage.step('a report from a phone is listed without a reload', async () => {
    await handIn(stage.demo.url, { text: 'The ward is without light', language: 'en', categories: [kind], location: { ...point, accuracy_m: 8 } });
    await page.locator('.row', { has: page.locator('.row-title', { hasText: /hospital/i }) }).first().locator('button').press('Enter', { timeout: 10_000 });
  });
  await stage.step('its card shows the place to the metre', async () => {
    await page.locator('.facts dd', { hasText: `${point.lat.toFixed(5)}, ${point.lon.toFixed(5)}` }).waitFor();
    const [found] = (await incidents(page, '/api/v1/ops/map')).filter(near);
    assert.deepEqual(found.geometry.coordinates, [point.lon, point.lat]);
  });
  await stage.shot(page, 'true-point');
  await page.locator('.chosen > button').click();
}

/** One answers a hotspot; another, elsewhere, sees it at once. */
async function acknowledge(stage, first, second) {
  await stage.step('both look at the same hotspot', async () => {
    const gravest = await first.locator('.row[data-id]').first().getAttribute('data-id');
    for (const page of [first, second]) {
      await page.locator(`.row[data-id="${gravest}"] button`).press('Enter'); // a living list moves under a pointer
      await page.locator('.responses').waitFor();
    }
  });
  const button = (page) => page.locator('.responses button').first();
  await stage.step('the coordinator has seen it', async () => {
    assert.equal(await button(second).getAttribute('aria-pressed'), 'false');
    const answered = first.waitForResponse((r) => r.url().endsWith('/acknowledge'));
    await button(first).click();
    assert.ok((await answered).ok());
  });
  await stage.step('the responder sees that at once', () => second.locator('.responses button[aria-pressed=true]').first().waitFor({ timeout: 3000 }));
  await stage.shot(second, 'acknowledged');
  await stage.step('and so does the coordinator', () => first.locator('.responses button[aria-pressed=true]').first().waitFor({ timeout: 3000 }));
}
