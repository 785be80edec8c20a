// Somebody on a phone reports what they saw, with one bar of signal.
import assert from 'node:assert/strict';
import { phone } from '../lib/browser.mjs';
import { until } from '../lib/until.mjs';

export const seconds = 70;
const pageBytes = 30_000;
const code = /^[0-9A-Z]{4}(-?[0-9A-Z]{2,})+$/i;

/** Quick exit is gone. */
export const plant = (context) => context.route('**/report', async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: (await answer.text()).replace('id="exit"', 'id="exit" hidden') });
});

export default async function (stage) {
  const receipt = await plainHTML(stage);
  await onePhoneStepByStep(stage);
  await receiptPage(stage, receipt);
  await leaving(stage);
}

/** The emergency sentence and the way out, in reach and in sight. */
async function safe(page) {
  await page.locator('.emergency').waitFor();
  assert.match(await page.locator('.emergency').innerText(), /\d{3}/, 'the sentence names a number to call');
  await page.locator('#exit').waitFor({ timeout: 3000 });
  const box = await page.locator('#exit').boundingBox();
  const { width, height } = page.viewportSize();
  assert.ok(box.height >= 44 && box.y >= 0 && box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height, `quick exit is in sight: ${JSON.stringify(box)}`);
}

async function plainHTML(stage) {
  const context = await stage.open({ ...phone, javaScriptEnabled: false });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await stage.step('the form without JavaScript', async () => {
    await page.goto('/report');
    await safe(page);
  });
  await stage.shot(page, 'plain');
  await stage.step('the whole page is under 30 KB', () => assert.ok(bytes > 2000 && bytes < pageBytes, `${bytes} bytes`));
  console.log(`     the form is ${bytes} bytes without JavaScript`);
  const sent = await stage.step('it sends, and a receipt code comes back', async () => {
    await page.locator('#text').fill('Water in the ground floor of the school, children on the stairs');
    await page.locator('#where').fill('Reuben primary school');
    await page.locator('button[type=submit]').click();
    await page.locator('p#code').waitFor();
    const shown = (await page.locator('p#code').innerText()).trim();
    assert.match(shown, code);
    await safe(page);
    return shown;
  });
  await stage.shot(page, 'plain-sent');
  await context.close();
  return sent;
}

async function onePhoneStepByStep(stage) {
  const context = await stage.open(phone);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto('/report', { waitUntil: 'load' });
  const keys = page.keyboard;
  const current = page.locator('.step-now');
  await stage.step('step 1 of 3, by keyboard alone', async () => {
    await page.locator('.progress').filter({ hasText: '1' }).waitFor();
    assert.equal(await page.locator('.step:visible').count(), 1, 'one question a screen');
    await safe(page);
    await tabTo(page, '#text');
    await keys.type('The footbridge at the market is gone, nobody hurt');
  });
  await stage.shot(page, 'step-1');
  await stage.step('with its script the page is under 30 KB too', () => assert.ok(bytes < pageBytes, `${bytes} bytes`));
  console.log(`     the form is ${bytes} bytes with JavaScript`);
  await stage.step('step 2 of 3', async () => {
    await tabTo(page, '.push:not([hidden])');
    await keys.press('Enter');
    await current.and(page.locator('[data-step="2"]')).waitFor();
    await safe(page);
    await tabTo(page, '#where');
    await keys.type('market, Mukuru kwa Reuben');
  });
  await stage.shot(page, 'step-2');
  await stage.step('step 3 of 3', async () => {
    await keys.press('Enter');
    await current.and(page.locator('[data-step="3"]')).waitFor();
    await safe(page);
  });
  await stage.shot(page, 'step-3');
  await stage.step('it sends by keyboard', async () => {
    await tabTo(page, 'button[type=submit]');
    await keys.press('Enter');
    await page.locator('p#code').waitFor();
    assert.match((await page.locator('p#code').innerText()).trim(), code);
    await safe(page);
  });
  await stage.shot(page, 'sent');
  await context.close();
}

/** Presses Tab until the element has the focus. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 40; presses++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reaches ${selector}`);
}

async function receiptPage(stage, receipt) {
  const context = await stage.open(phone);
  const page = await context.newPage();
  await stage.step('the receipt page finds the report', async () => {
    await page.goto(`/receipt#${receipt}`);
    await until('the code from the link', 10, async () => await page.locator('input#code').inputValue() === receipt);
    assert.ok(!page.url().includes(receipt), 'the code leaves the address bar');
    await safe(page);
    await page.locator('form#receipt button.button-big').click();
    await page.locator('.receipt-label').waitFor();
    await safe(page);
  });
  await stage.shot(page, 'receipt');
  await stage.step('and withdraws it', async () => {
    const before = await page.locator('.receipt-label').innerText();
    await page.locator('.withdraw summary').click();
    await page.locator('.withdraw button[value=withdraw]').click();
    await page.locator('.receipt-label').filter({ hasNotText: before }).waitFor();
    assert.match(await page.locator('.receipt-label').innerText(), /withdr/i);
    await safe(page);
  });
  await stage.shot(page, 'withdrawn');
  await context.close();
}

async function leaving(stage) {
  const context = await stage.open({ ...phone });
  const page = await context.newPage();
  await page.goto('/report');
  await page.locator('.progress').waitFor();
  await page.locator('#text').fill('Something nobody may read over my shoulder');
  const away = new URL(await page.locator('#exit').getAttribute('href'), page.url());
  await stage.step('quick exit leaves at once, and Back does not lead here', async () => {
    assert.notEqual(away.origin, new URL(page.url()).origin);
    await context.route(`${away.origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>Weather</title>' }));
    await page.locator('#exit').click();
    await page.waitForURL((url) => url.origin === away.origin);
    assert.equal(await page.evaluate(() => history.length <= 2), true);
    stage.watch.outside = stage.watch.outside.filter((url) => !url.startsWith(away.origin));
  });
  await context.close();
}
