// Two people check a report, and it appears on the public map.
import assert from 'node:assert/strict';
import { claim, handIn, judge, openBySearch, queueRow, rareWord } from '../lib/desk.mjs';

export const seconds = 100;

/** The desk does not hear of changes. */
export const plant = (context) => context.route('**/api/v1/desk/live', (route) => route.abort());

export default async function (stage) {
  const word = rareWord();
  const volunteer = await sitDown(stage);
  await stage.step('a fresh report appears without a reload', async () => {
    await volunteer.locator('.pulse-live').waitFor();
    await handIn(stage.demo.url, { text: `Wall of the old mill came down, ${word}, one lane left`, language: 'en' });
    await queueRow(volunteer, word).waitFor({ timeout: 10_000 });
  });
  await queueRow(volunteer, word).locator('button').press('Enter');
  await volunteer.locator('.report-text', { hasText: word }).waitFor();
  await stage.shot(volunteer, 'card');
  await stage.step('Enter claims it', () => claim(volunteer));
  await locate(stage, volunteer);
  await stage.step('s writes the text for the public', async () => {
    await volunteer.keyboard.press('s');
    await volunteer.locator('.editor textarea').fill(`A wall has fallen (${word})`);
    await volunteer.keyboard.press('Control+Enter');
    await volunteer.locator('.card-part p', { hasText: `A wall has fallen (${word})` }).waitFor();
  });
  await undone(stage, volunteer, word);
  const publicMap = await openPublicMap(stage);
  await stage.step('the first yes makes it probable', async () => {
    assert.equal((await judge(volunteer, 't')).status, 'probable');
  });
  await second(stage, word);
  await stage.step('it appears on the public map, without a reload', async () => {
    await publicMap.locator('.row-title', { hasText: word }).waitFor({ timeout: 20_000 });
    await publicMap.locator('.row', { hasText: word }).filter({ hasText: 'Checked by two people' }).waitFor({ timeout: 20_000 });
  });
  await publicMap.locator('.row', { hasText: word }).scrollIntoViewIfNeeded();
  await stage.shot(publicMap, 'public');
  stage.allow(/403.*assessments/);
  await onBehalf(stage, volunteer);
}

async function sitDown(stage) {
  const page = await (await stage.open()).newPage();
  await stage.step('one click on the front page seats a volunteer', async () => {
    await page.goto('/');
    await page.locator('.banner-roles button', { hasText: 'Volunteer' }).click();
    await page.waitForURL('**/desk');
    await page.locator('.desk .queue').waitFor();
  });
  await stage.shot(page, 'seated');
  return page;
}

async function locate(stage, page) {
  await stage.step('l and a click on the map place it', async () => {
    await page.locator('.locate-map canvas').waitFor({ timeout: 30_000 });
    await page.keyboard.press('l');
    await page.locator('.locate-map[data-setting]').waitFor();
    await page.locator('.locate-map canvas').click();
    const saved = page.waitForResponse((r) => r.url().endsWith('/location'));
    await page.locator('.locate-side .button-primary').click();
    assert.ok((await saved).ok());
    await page.locator('.card-facts .needs-location').waitFor({ state: 'detached' });
  });
  await stage.shot(page, 'located');
}

/** A verdict taken back within ten seconds, by one key. */
async function undone(stage, page, word) {
  await stage.step('a verdict is undone by z', async () => {
    await judge(page, 'u');
    await page.locator('.toast-shown', { hasText: 'Undo' }).waitFor();
    await stage.shot(page, 'undo');
    const taken = page.waitForResponse((r) => r.url().endsWith('/undo'));
    await page.keyboard.press('z');
    assert.ok((await taken).ok());
    await page.locator('.report-text', { hasText: word }).waitFor();
    await page.locator('.card-head', { hasText: 'Not yet checked' }).waitFor();
    await queueRow(page, word).filter({ hasText: 'Needs a first check' }).waitFor();
    await claim(page);
  });
}

async function openPublicMap(stage) {
  const page = await (await stage.open()).newPage();
  await page.goto('/');
  await page.locator('.panel .row-link').first().waitFor();
  await page.locator('.pulse-live').first().waitFor();
  return page;
}

async function second(stage, word) {
  const page = await (await stage.seated('verifier')).newPage();
  await stage.step('a second person, in a browser of their own, makes it verified', async () => {
    await page.goto('/desk');
    await page.locator('.desk .queue').waitFor();
    await openBySearch(page, word);
    await page.locator('.checks li', { hasText: 'Visitor (volunteer)' }).first().waitFor();
    await page.locator('.badges', { hasText: 'Checked by one person' }).first().waitFor();
    await claim(page);
    assert.equal((await judge(page, 't')).status, 'verified');
  });
  await stage.shot(page, 'verified');
}

async function onBehalf(stage, page) {
  const word = rareWord();
  await stage.step('n enters a report for a caller', async () => {
    await page.locator('#desk-search').fill('');
    await page.locator('.column-card').click({ position: { x: 5, y: 5 } });
    await page.keyboard.press('n');
    await page.locator('dialog textarea[name=text]').fill(`A caller says the pump has stopped, ${word}`);
    await stage.shot(page, 'behalf');
    await page.locator('dialog button[type=submit]').click();
    await page.locator('dialog .copytext input').waitFor();
    await page.locator('dialog .button-primary').click();
    await page.locator('dialog').waitFor({ state: 'detached' });
  });
  await stage.step('and whoever typed it cannot judge it', async () => {
    await openBySearch(page, word);
    assert.equal(await page.locator('.verdict-approve').isDisabled(), true, 'the buttons are off');
    const judged = await judgeAnyway(page, word);
    assert.ok(judged.status >= 400 && judged.status < 500, `the server answered ${judged.status}`);
    assert.match(judged.body, /typed|submitted|handed|entered|own/i);
  });
  await stage.shot(page, 'behalf-not-mine');
}

/** Goes round the buttons, as a script would. */
function judgeAnyway(page, word) {
  return page.evaluate(async (wanted) => {
    const call = (method, path, body) => fetch(path, { method, headers: { 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) });
    const { incidents } = await (await call('GET', `/api/v1/desk/incidents?q=${wanted}`)).json();
    const path = `/api/v1/desk/incidents/${incidents[0].id}`;
    const held = await call('POST', `${path}/claim`);
    const claimed = held.ok ? await held.json() : {};
    const answer = await call('POST', `${path}/assessments`, { claim_token: claimed.token, version: incidents[0].version, verdict: 'approve', credibility: 1, reason: 'because I say so' });
    return { status: answer.status, body: await answer.text() };
  }, word);
}
