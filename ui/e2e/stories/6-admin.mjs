// An admin invites somebody and adds a channel; the manual is at hand.
import assert from 'node:assert/strict';

export const seconds = 60;

/** The list of channels never hears of the new one. */
export const plant = (context) => context.route('**/api/v1/admin/channels', (route) => (route.request().method() === 'POST'
  ? route.fulfill({ status: 201, contentType: 'application/json', body: '{}' }) : route.continue()));

export default async function (stage) {
  const context = await stage.seated('admin');
  const page = await context.newPage();
  await stage.step('people', async () => {
    await page.goto('/admin');
    await page.locator('.admin .list li').first().waitFor();
  });
  await stage.step('invite a person', async () => {
    await page.locator('form .person-row input').fill('Neema');
    await page.locator('form .person-row select').selectOption('verifier');
    await page.locator('form .person-row button').click();
    const link = await page.locator('.invitation .copytext input').inputValue();
    assert.match(link, new RegExp(`^${stage.demo.url}/invite/[\\w-]{20,}$`));
    await page.locator('.list li', { hasText: 'Neema' }).waitFor();
    assert.equal((await page.request.get(link)).status(), 200);
  });
  await stage.shot(page, 'invited');
  await stage.step('add a channel', async () => {
    await page.locator('.admin-nav a[href="#channels"]').click();
    await page.locator('.chans-head .button-primary').click();
    await page.locator('.way', { hasText: 'Twilio' }).click();
    await page.locator('input[pattern]').fill('twilio-second');
    await page.locator('label', { hasText: 'account_sid' }).locator('input').fill(`AC${'1'.repeat(32)}`);
    const secret = page.locator('label', { hasText: 'auth_token' }).locator('input');
    assert.equal(await secret.getAttribute('type'), 'password');
    await secret.fill('abcdef0123456789abcdef0123456789');
    await page.locator('form button[type=submit]').click();
    assert.equal(await page.locator('.copytext input').inputValue(), `${stage.demo.url}/hooks/twilio-second`);
    await page.locator('.admin-main > p .button-primary').click();
    await page.locator('.chan', { hasText: 'twilio-second' }).waitFor();
    assert.ok(!(await page.locator('.admin-main').innerText()).includes('abcdef0123456789'), 'the secret is not shown again');
  });
  await stage.shot(page, 'channel-added');
  for (const part of ['deployment', 'categories', 'system']) {
    await stage.step(part, async () => {
      await page.locator(`.admin-nav a[href="#${part}"]`).click();
      await page.locator(`.admin-main :is(form, .list, .card)`).first().waitFor();
    });
    await stage.shot(page, part);
  }
  await manual(stage, page);
}

async function manual(stage, page) {
  await page.goto('/help');
  const pages = await page.locator('.manual-nav a').evaluateAll((links) => links.map((a) => a.getAttribute('href')));
  await stage.step(`${pages.length} pages of the manual render, and their links lead somewhere`, async () => {
    assert.ok(pages.length >= 1);
    const inside = new Set();
    for (const path of pages) {
      const answer = await page.goto(path);
      assert.equal(answer.status(), 200, path);
      assert.ok((await page.locator('article.prose h1').innerText()).length > 2, path);
      for (const href of await page.locator('article.prose a[href^="/"]').evaluateAll((links) => links.map((a) => a.getAttribute('href')))) inside.add(`${path} → ${href.split('#')[0]}`);
    }
    for (const link of inside) {
      const status = (await page.request.get(link.split(' → ')[1])).status();
      assert.ok(status < 400, `${link} answers ${status}`);
    }
  });
  await stage.shot(page, 'manual');
}
