// Stories of the faces, told in Debian's Chromium against the demo.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keepPicture, mapDrawn, openBrowser, openPage, seriousFaults, sitDown, startDemo } from './lib.mjs';

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([startDemo(), openBrowser()]);
  await until(async () => (await json('/api/v1/map/hotspots')).features.length > 0, 'a hotspot on the public map');
});
after(async () => { await browser?.close(); await server?.stop(); });

const json = (path) => fetch(server.origin + path).then((r) => r.json());

async function until(holds, what) {
  const deadline = Date.now() + 90_000;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`still waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Tells one story on a page of its own; nothing may fail on the way. */
async function story(options, tell) {
  const { page, faults, close } = await openPage(browser, server.origin, options);
  try {
    await tell(page);
    assert.deepEqual(faults, []);
  } finally { await close(); }
}

describe('public map', () => {
  const looks = [['desktop', 'light', 'en'], ['desktop', 'dark', 'en'], ['phone', 'light', 'en'], ['phone', 'dark', 'ar'], ['desktop', 'light', 'ar']];
  for (const [size, colorScheme, lang] of looks) {
    test(`${size}, ${colorScheme}, ${lang}`, () => story({ size, colorScheme }, async (page) => {
      await page.goto(`${server.origin}/?lang=${lang}`);
      await mapDrawn(page);
      assert.equal(await page.locator('html').getAttribute('dir'), lang === 'ar' ? 'rtl' : 'ltr');
      assert.deepEqual(await seriousFaults(page), []);
      await keepPicture(page, `map-${size}-${colorScheme}-${lang}`);
    }));
  }

  test('a hotspot opens with its reasons, and a link shows the same place', () => story({}, async (page) => {
    await page.goto(server.origin);
    await mapDrawn(page);
    await page.locator('.row-link').first().click();
    await page.locator('.detail .figures').waitFor();
    await page.waitForURL(/at=/);
    assert.deepEqual(await seriousFaults(page), []);
  }));

  test('the list needs no JavaScript', () => story({ javaScriptEnabled: false, size: 'phone' }, async (page) => {
    await page.goto(server.origin);
    assert.ok(await page.locator('.row').count() > 0);
    await keepPicture(page, 'map-without-javascript');
  }));
});

describe('witness', () => {
  test('sends without JavaScript and looks the receipt up', () => story({ javaScriptEnabled: false, size: 'phone' }, async (page) => {
    await page.goto(`${server.origin}/report`);
    await page.fill('#text', 'Water over the road at the market');
    await page.fill('#where', 'Mathare');
    await page.click('button[type="submit"]');
    const code = (await page.locator('p.code').textContent()).trim();
    await page.goto(`${server.origin}/receipt`);
    await page.fill('input#code', code);
    await page.click('button.button-primary');
    await page.locator('.receipt-label').waitFor();
  }));

  for (const [size, colorScheme, lang] of [['phone', 'light', 'en'], ['phone', 'dark', 'ar'], ['desktop', 'light', 'en']]) {
    test(`answers one question a screen: ${size}, ${colorScheme}, ${lang}`, () => story({ size, colorScheme }, async (page) => {
      await page.goto(`${server.origin}/report?lang=${lang}`);
      await page.locator('form.stepped').waitFor();
      assert.ok(await page.locator('#exit').isVisible());
      assert.deepEqual(await seriousFaults(page), []);
      await keepPicture(page, `form-${size}-${colorScheme}-${lang}`);
      await page.fill('#text', 'The bridge is closed');
      await page.locator('.form-actions .push:visible').click();
      assert.ok(await page.locator('.emergency').isVisible());
      await page.locator('.form-actions .push:visible').click();
      await page.locator('button[type="submit"]').click();
      await page.locator('p.code').waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await keepPicture(page, `sent-${size}-${colorScheme}-${lang}`);
    }));
  }
});

describe('desk', () => {
  for (const [size, colorScheme] of [['desktop', 'light'], ['desktop', 'dark'], ['phone', 'light']]) {
    test(`${size}, ${colorScheme}`, () => story({ size, colorScheme }, async (page) => {
      await sitDown(page, server.origin, 'Volunteer');
      await page.waitForURL('**/desk');
      await page.locator('.column-card').waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await keepPicture(page, `desk-${size}-${colorScheme}`);
    }));
  }

  test('two people make a report verified with the keyboard, and neither may be who typed it', () => story({}, async (page) => {
    const text = `Mudslide below Karura forest ${Date.now()}`;
    await sitDown(page, server.origin, 'Volunteer');
    await page.waitForURL('**/desk');
    await page.locator('.column-queue').waitFor();
    await page.keyboard.press('n');
    await page.fill('dialog textarea[name="text"]', text);
    await page.fill('dialog input[name="where"]', '-1.2421, 36.8219');
    await page.click('dialog button[type="submit"]');
    await page.locator('dialog .copytext').waitFor();
    await page.keyboard.press('Escape');
    const find = async () => {
      const list = await page.evaluate((q) => fetch(`/api/v1/desk/incidents?q=${encodeURIComponent(q)}`).then((r) => r.json()), 'Karura');
      return list.incidents.find((i) => i.title.includes(text));
    };
    await until(find, 'the report at the desk');
    assert.equal((await find()).mine, true);
    // Others, people or scripted, decide; the typist's own yes would be refused.
    for (const role of ['Verifier', 'Coordinator']) {
      await sitDown(page, server.origin, role);
      await page.goto(`${server.origin}/desk`);
      await page.locator('#desk-search').fill('Karura');
      const row = page.locator('.queue-row', { hasText: text });
      await row.waitFor();
      const before = await find();
      if (before.status === 'verified' || before.mine) continue;
      await row.locator('button').click();
      await page.locator('.column-card h2', { hasText: text }).waitFor();
      await page.keyboard.press('t');
      await page.locator('.verdict-form textarea').waitFor();
      await page.keyboard.press('Enter');
      await until(async () => (await find()).approvals > before.approvals, `the yes of a ${role}`);
    }
    await until(async () => (await find()).status === 'verified', 'two yes');
  }));
});

describe('people with more to do', () => {
  for (const [size, colorScheme] of [['desktop', 'dark'], ['phone', 'light']]) {
    test(`responders see exact places: ${size}, ${colorScheme}`, () => story({ size, colorScheme }, async (page) => {
      await sitDown(page, server.origin, 'Responder');
      await page.waitForURL('**/ops');
      await mapDrawn(page);
      assert.deepEqual(await seriousFaults(page), []);
      await keepPicture(page, `ops-${size}-${colorScheme}`);
    }));
  }

  test('an admin makes a sign-in link, as text and QR', () => story({}, async (page) => {
    await sitDown(page, server.origin, 'Admin');
    await page.waitForURL('**/admin');
    await page.locator('input[maxlength="80"]').fill('Wanjiru');
    await page.locator('form button[type="submit"]').click();
    const link = await page.locator('.invitation input').inputValue();
    await page.locator('.invitation svg.qr').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await keepPicture(page, 'admin-people');
    await page.goto(server.origin + new URL(link).pathname);
    assert.deepEqual(await seriousFaults(page), []);
    await page.locator('#invite button').click();
    await page.waitForURL('**/desk');
  }));

  for (const part of ['channels', 'deployment', 'categories', 'system']) {
    test(`admin: ${part}`, () => story({}, async (page) => {
      await sitDown(page, server.origin, 'Admin');
      await page.waitForURL('**/admin');
      await page.goto(`${server.origin}/admin#${part}`);
      await page.locator('.admin-main .card, .admin-main .list').first().waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await keepPicture(page, `admin-${part}`);
    }));
  }
});

describe('pages to read', () => {
  for (const path of ['/help', '/help/safety', '/signin', '/style']) {
    test(path, () => story({}, async (page) => {
      await page.goto(server.origin + path);
      await page.locator('#content').waitFor();
      await page.locator('#theme button').waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await keepPicture(page, `page${path.replaceAll('/', '-')}`);
    }));
  }
});
