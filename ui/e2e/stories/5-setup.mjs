// An empty directory becomes a deployment that somebody can work with.
import assert from 'node:assert/strict';
import { until } from '../lib/until.mjs';

export const seconds = 90;
const passphrase = 'four random words here';

/** The test message goes nowhere. */
export const plant = (context) => context.route('**/api/v1/setup/test', (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"receipt":"NONE"}' }));

export default async function (stage) {
  const server = await stage.serve();
  const link = await stage.step('the first start prints one setup link', () => until('the setup link', 10, () => server.said().match(/Set Onyo up: (\S+)/)?.[1]));
  const page = await (await stage.open({}, server.url)).newPage();
  await stage.step('the link opens the questions', async () => {
    await page.goto(link);
    await page.locator('form.setup').waitFor();
  });
  await stage.shot(page, 'questions');
  await answerQuestions(stage, page);
  const links = await stage.step('it is ready and hands out links', async () => {
    await page.locator('.invitation').first().waitFor();
    const inputs = page.locator('.invitation .copytext input');
    assert.equal(await inputs.count(), 3);
    assert.equal(await page.locator('.invitation svg').count() >= 3, true, 'each link is there to photograph too');
    return Promise.all([0, 1, 2].map((i) => inputs.nth(i).inputValue()));
  });
  await stage.shot(page, 'links');
  await stage.step('a test message is sent', async () => {
    await page.locator('section', { hasText: 'A test message' }).locator('button').click();
    await page.locator('[role=status] code').waitFor();
  });
  const volunteer = await invitation(stage, server, links[2]);
  await stage.step('the test message is at the desk', () => volunteer.locator('.queue-row').first().waitFor({ timeout: 10_000 }));
  await stage.shot(volunteer, 'test-message');
  await comingBack(stage, volunteer);
}

async function answerQuestions(stage, page) {
  const part = (n) => page.locator('form.setup > section').nth(n - 1);
  await stage.step('what for', async () => {
    await part(1).locator('.tile', { hasText: /flood/i }).first().click();
    await part(1).locator('.tiles-wide .tile').first().click();
  });
  await stage.step('where, when and in which languages', async () => {
    await part(2).locator('input').first().fill('River towns 2026');
    await part(2).locator('.area-map canvas').waitFor({ timeout: 30_000 });
    await part(2).locator('.area .button').click();
    await part(2).locator('.area span[dir=ltr]').waitFor();
    await part(2).locator('input[list=zones]').fill('Africa/Nairobi');
    await part(2).locator('.choice', { has: page.locator('[lang=sw]') }).click();
  });
  await stage.step('whom to call', async () => {
    await part(3).locator('input').first().fill('999');
    await part(3).locator('input[lang=sw]').fill('Huenda hakuna anayesoma. Hatarini, piga {number}.');
  });
  await stage.step('first people', async () => {
    const names = ['Ada', 'Chidi', 'Vera'];
    for (const [i, name] of names.entries()) await part(4).locator('.person-row input').nth(i).fill(name);
  });
  await stage.step('first channel', async () => {
    await part(5).locator('select').selectOption('sms.twilio');
    await part(5).locator('input[pattern]').fill('twilio-main');
    await part(5).locator('label', { hasText: 'account_sid' }).locator('input').fill(`AC${'0'.repeat(32)}`);
    await part(5).locator('label', { hasText: 'auth_token' }).locator('input').fill('0123456789abcdef0123456789abcdef');
  });
  await stage.shot(page, 'answered');
  await stage.step('finish', async () => {
    await page.locator('form.setup > button[type=submit]').click();
    await page.locator('.invitation, form.setup > .problem').first().waitFor();
    assert.equal(await page.locator('form.setup > .problem').count(), 0, await page.locator('.problem').allInnerTexts().then(String));
    await page.locator('section', { hasText: '/hooks/twilio-main' }).waitFor();
  });
}

/** Looking at a link, as a chat's preview does, must not spend it. */
async function invitation(stage, server, link) {
  await stage.step('looking at the link does not spend it', async () => {
    for (let looks = 0; looks < 3; looks++) assert.equal((await fetch(link)).status, 200);
  });
  const page = await (await stage.open({}, server.url)).newPage();
  await stage.step('its button does, and signs the volunteer in', async () => {
    await page.goto(link);
    await page.locator('h1', { hasText: 'Vera' }).waitFor();
    await stage.shot(page, 'invitation');
    await page.locator('#passphrase').fill(passphrase);
    await page.locator('#invite button[type=submit]').click();
    await page.waitForURL('**/desk');
    await page.locator('.desk').waitFor();
    assert.equal((await fetch(link, { headers: { accept: 'text/html' } })).status, 410);
  });
  return page;
}

async function comingBack(stage, page) {
  await stage.step('sign out, and in again with name and passphrase', async () => {
    await page.locator('#account summary').click();
    await page.locator('#account .menu-list button').click();
    await page.waitForURL((url) => url.pathname === '/');
    await page.goto('/signin');
    await page.locator('#name').fill('Vera');
    await page.locator('#passphrase').fill(passphrase);
    await page.locator('#signin button[type=submit]').click();
    await page.waitForURL('**/desk');
    await page.locator('.desk').waitFor();
  });
}
