// A phone with a SIM card becomes a way in, and the desk answers through it.
import assert from 'node:assert/strict';
import { openBySearch, rareWord } from '../lib/desk.mjs';
import { until } from '../lib/until.mjs';

export const seconds = 30;

/** The desk is told "sent" of what was never queued. */
export const plant = (context) => context.route('**/api/v1/desk/incidents/*/messages', (route) => route.fulfill({ status: 202, contentType: 'application/json',
  body: JSON.stringify({ id: 'x', report: JSON.parse(route.request().postData()).report, direction: 'out', kind: 'reply', text: 'x', at: new Date().toISOString(), state: 'sent' }) }));

const secret = 'four-words-for-the-phone';

export default async function (stage) {
  const word = rareWord();
  const name = `phone-${word.slice(6, 12)}`;
  const admin = await (await stage.seated('admin')).newPage();
  const hook = await addPhone(stage, admin, name);
  const phone = makePhone(hook);
  await stage.step('the list says that it is ready and that nothing came', async () => {
    await admin.locator('.admin-main > p .button-primary').click();
    await admin.locator('.chan-ready', { hasText: name }).waitFor({ timeout: 10_000 });
  });
  await stage.step('a text comes in, and another with a wrong secret is refused', async () => {
    await until('the channel to take a text', 5, async () => (await phone.text(`Water on the school road, ${word}, two cars stuck`)).status === 200);
    assert.equal((await phone.text('let me in', 'wrong')).status, 403);
  });
  await stage.step('the exchange log shows both and no word of them', async () => {
    const item = admin.locator('.chan', { hasText: name });
    await item.locator('a[href*="/log/"]').click();
    await until('the lines of both', 8, async () => {
      await admin.locator('.form-actions .button-small').click();
      return await admin.locator('.log tbody tr').count() >= 2;
    });
    const said = await admin.locator('.admin-main').innerText();
    assert.match(said, /message=\d+/);
    assert.ok(!said.includes(word) && !said.includes('+25470') && !said.includes(secret), 'the log repeats something');
  });
  await stage.shot(admin, 'log');
  await stage.step('the list says when it was last heard and what was refused', async () => {
    await admin.locator('.subhead a').click();
    const item = admin.locator('.chan', { hasText: name });
    await item.locator('summary').click();
    await item.locator('a[href="/help/problems#not_authentic"]').waitFor();
    assert.match(await item.locator('.chan-facts').innerText(), /just now|ago/);
  });
  await stage.shot(admin, 'list');
  await answer(stage, phone, word);
}

async function addPhone(stage, page, name) {
  stage.allow(/status of 400.*channels/);
  await stage.step('three groups say how soon a channel is live', async () => {
    await page.goto('/admin#channels');
    await page.locator('.chans-head .button-primary').click();
    assert.deepEqual(await page.locator('.ways h2').allInnerTexts(), ['Live in ten minutes', 'In a day', 'In weeks']);
    await page.locator('.way', { hasText: 'Own SMS gateway' }).click();
  });
  await stage.step('a wrong value is marked, and nothing is saved', async () => {
    await page.locator('input[pattern]').fill(name);
    await page.locator('label', { hasText: 'preset' }).locator('select').selectOption('smssync');
    await page.locator('label', { hasText: 'secret' }).locator('input').fill(secret);
    await page.locator('.fold > summary').click();
    await page.locator('.field', { hasText: 'Say so when nothing came for' }).locator('input').fill('soon');
    await page.locator('form button[type=submit]').click();
    await page.locator('[role=alert]', { hasText: 'Nothing was saved' }).waitFor();
    assert.equal(await page.locator('.field', { hasText: 'Say so when nothing came for' }).locator('input').getAttribute('aria-invalid'), 'true');
  });
  await stage.step('switching answers on says what they can do', async () => {
    assert.equal(await page.locator('.fold .notice').count(), 0);
    await page.locator('.fold .check input').check();
    await page.locator('.fold .notice', { hasText: 'can endanger its owner' }).waitFor();
  });
  await stage.shot(page, 'answers');
  return stage.step('with right values it is added, and its address shown', async () => {
    await page.locator('.field', { hasText: 'Say so when nothing came for' }).locator('input').fill('6h');
    await page.locator('form button[type=submit]').click();
    const hook = await page.locator('.copytext input').inputValue();
    assert.match(hook, new RegExp(`^${stage.demo.url}/hooks/${name}/[a-z2-7]{32}$`));
    return hook;
  });
}

/** The phone's app, as it speaks. */
function makePhone(hook) {
  const send = (fields) => fetch(hook, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields) });
  let count = 0;
  return {
    text: (message, with_ = secret) => send({ from: '+254700000123', message, message_id: `t${Date.now()}${count++}`, secret: with_, sent_to: '+254700000000', sent_timestamp: String(Date.now()) }),
    collect: async () => (await (await fetch(`${hook}?task=send&secret=${secret}`)).json()).payload.messages,
    report: (task, body) => fetch(`${hook}?task=${task}&secret=${secret}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  };
}

async function answer(stage, phone, word) {
  const page = await (await stage.seated('volunteer')).newPage();
  await stage.step('the desk answers, and is told that it is only queued', async () => {
    await page.goto('/desk');
    await page.locator('.desk').waitFor();
    await openBySearch(page, word);
    await page.locator('.column-card').click({ position: { x: 5, y: 5 } });
    await page.keyboard.press('r');
    await page.locator('.answer textarea:focus').fill('Is anybody in the cars?');
    await page.keyboard.press('Control+Enter');
    await page.locator('.said-state', { hasText: 'Queued, not sent yet' }).waitFor({ timeout: 6000 });
    assert.equal(await page.locator('.said-state', { hasText: /^Sent/ }).count(), 0);
  });
  await stage.shot(page, 'queued');
  const [message] = await stage.step('the phone fetches it: handed over, not sent', async () => {
    const found = await until('the phone to be given the message', 8, async () => { const list = await phone.collect(); return list.length && list; });
    await page.locator('.said-state', { hasText: 'Handed to the gateway, not sent yet' }).waitFor();
    return found;
  });
  assert.match(message.message, /^Is anybody in the cars\?/);
  await stage.step('what the phone reports shows without a reload', async () => {
    const answered = await phone.report('result', { message_result: [{ uuid: message.uuid, sent_result_code: 0, sent_result_message: 'SMSSync Message Sent', delivered_result_code: 0, delivered_result_message: 'SMS delivered' }] });
    assert.equal(answered.status, 200);
    await page.locator('.said-state', { hasText: 'Arrived' }).waitFor();
  });
  await stage.shot(page, 'arrived');
}
