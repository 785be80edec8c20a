// Every page, wide and narrow, light and dark, English and Arabic: readable for
// everybody, nothing wider than the screen, nothing in the console.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { desktop, phone } from '../lib/browser.mjs';
import { handIn } from '../lib/desk.mjs';
import { until } from '../lib/until.mjs';
import { drawn } from './1-public-map.mjs';

export const seconds = 420;

/** A picture without words, and one line that is too wide. */
export const plant = (context) => context.route('**/signin', async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: (await answer.text()).replace('<main', '<img src="/assets/mark.svg" width="700" height="20"><main') });
});

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

// Drawing takes the longest by far without a graphics card: once a width is
// enough, since neither list nor panels wait for it.
const map = async (page, wide, whole) => {
  await page.locator('.panel .row-link').first().waitFor();
  await page.locator('#map canvas').waitFor();
  if (whole) await drawn(page, wide ? undefined : { x: 40, y: 190, width: 300, height: 180 });
};
const shows = (selector) => (page) => page.locator(selector).first().waitFor();

const anybody = [
  ['map', '/', map], ['embed', '/embed', map], ['report', '/report', shows('form#report')], ['receipt', '/receipt', shows('form#receipt')], ['card', '/card#ABCD', shows('form#card')],
  ['signin', '/signin', shows('form#signin')], ['help', '/help', shows('article.prose')], ['style', '/style', shows('main h1, main h2')],
  ['not-found', '/nothing-here', shows('.error-status')], ['spent-link', '/invite/spent', shows('.card h1')], ['docs', '/docs', shows('h1')],
];
const coordinator = [['ops', '/ops', map], ['desk', '/desk', shows('.column-card .card-head')]];
const admin = ['people', 'channels', 'deployment', 'categories', 'system'].map((part) => [`admin-${part}`, `/admin#${part}`, shows('.admin-main :is(.list, .card, .chan, form)')]);
admin.push(['admin-add', '/admin#channels/add', shows('.way')], ['admin-add-email', '/admin#channels/add/email.imap', shows('form .fold')], ['admin-change', '/admin#channels/settings/twilio-demo', shows('form .fold')],
  ['admin-log', '/admin#channels/log/twilio-demo', shows('.log table')], ['admin-poster', '/admin#channels/poster', shows('.poster .qr')]);

export default async function (stage) {
  stage.allow(/status of 404.*nothing-here/);
  stage.allow(/favicon\.ico/); // the API's reference names no icon
  stage.allow(/status of 410.*invite/);
  // One that the demo's scripted people leave alone, so that the desk has a card.
  await handIn(stage.demo.url, { text: 'The culvert by the mill is choked with branches', language: 'en' });
  const empty = await stage.serve();
  const link = await until('the setup link', 10, () => empty.said().match(/Set Onyo up: (\S+)/)?.[1]);
  const wrong = [];
  for (const wide of [true, false]) {
    for (const language of ['en', 'ar']) {
      const options = { ...(wide ? desktop : phone), locale: language };
      const at = { wide, language, wrong };
      await visit(stage, await stage.open(options), anybody, at);
      await visit(stage, await stage.seated('coordinator', options), coordinator, at);
      await visit(stage, await stage.seated('admin', options), admin, at);
      await visit(stage, await stage.open(options, empty.url), [['setup', link, shows('form.setup')]], at);
    }
  }
  assert.deepEqual(wrong, []);
}

async function visit(stage, context, pages, { wide, language, wrong }) {
  const page = await context.newPage();
  for (const [name, path, ready] of pages) {
    const label = `${name} ${wide ? 1440 : 390} ${language}`;
    await stage.step(label, async () => {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto('about:blank');
      await page.goto(path);
      await ready(page, wide, language === 'en');
      if (name !== 'docs') assert.equal(await page.locator('html').getAttribute('dir'), language === 'ar' ? 'rtl' : 'ltr');
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await ready(page, wide);
        await stage.shot(page, `${label} ${colorScheme}`.replaceAll(' ', '-'));
        for (const fault of await look(page, wide, name !== 'docs')) wrong.push(`${label} ${colorScheme}: ${fault}`);
      }
    });
  }
  await context.close();
}

/** What axe holds for serious or critical, and what sticks out sideways; the
 * API's reference is a table for desks and may. */
async function look(page, wide, fits) {
  const width = wide ? 1440 : 390;
  const across = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));
  const faults = fits && across > width ? [`${across} px wide`] : [];
  await page.evaluate(axe);
  const violations = await page.evaluate(async (tags) => {
    const { violations: found } = await window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return found.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id} at ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', ')} (${v.nodes.length})`);
  }, rules);
  return [...faults, ...violations];
}
