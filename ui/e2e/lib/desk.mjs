// What people do at the desk, as the stories need it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

/** Words that no other report has, so that a story finds its own. */
export const rareWord = () => `marker${randomUUID().replaceAll('-', '').slice(0, 10)}`;

/** A witness's app hands in a report. Answers its receipt code. */
export async function handIn(url, report) {
  const answer = await fetch(`${url}/api/v1/reports`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(report) });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  return JSON.parse(text).receipt;
}

/** The queue's row that carries the word. */
export const queueRow = (page, word) => page.locator('.queue-row', { hasText: word });

/** Finds an incident by a word of its reports or summary, through the search box. */
export async function openBySearch(page, word) {
  await page.locator('#desk-search').fill(word);
  await page.locator('.queue-row').first().waitFor();
  const row = queueRow(page, word);
  await row.locator('button').click();
  await page.locator('.report-text', { hasText: word }).waitFor();
}

/** Takes the open card, for certain, before anything is typed. */
export async function claim(page) {
  await page.keyboard.press('Enter');
  await page.locator('.claimline-mine').waitFor();
}

/** Gives the verdict behind the key, with the reason that stands there. */
export async function judge(page, key) {
  await page.keyboard.press(key);
  await page.locator('.verdict-form textarea:focus').waitFor();
  const answered = page.waitForResponse((r) => r.url().endsWith('/assessments'));
  await page.keyboard.press('Enter');
  const answer = await answered;
  assert.ok(answer.ok(), `the verdict was answered ${answer.status()}: ${answer.ok() ? '' : await answer.text()}`);
  return answer.json();
}
