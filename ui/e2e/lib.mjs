// Helpers for stories in a real browser against a real server.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const binary = process.env.ONYO_BIN ?? join(import.meta.dirname, '../../bin/onyo');
export const artefacts = join(import.meta.dirname, '../../artefacts');

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the demo in a directory of its own; stop() ends it and removes that. */
export async function startDemo() {
  if (!existsSync(binary)) throw new Error(`${binary} is not there: run make build first`);
  const folder = mkdtempSync(join(tmpdir(), 'onyo-e2e-'));
  const origin = `http://127.0.0.1:${await freePort()}`;
  const server = spawn(binary, ['serve', '--demo'], { cwd: folder, env: { ...process.env, ONYO_LISTEN: new URL(origin).host }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  server.stdout.on('data', (d) => { said += d; });
  server.stderr.on('data', (d) => { said += d; });
  const ended = new Promise((resolve) => server.on('exit', resolve));
  const deadline = Date.now() + 60_000;
  for (;;) {
    const ready = await fetch(`${origin}/readyz`).then((r) => r.ok, () => false);
    if (ready) break;
    if (server.exitCode !== null || Date.now() > deadline) throw new Error(`the server did not become ready:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { origin, async stop() { server.kill('SIGTERM'); await ended; rmSync(folder, { recursive: true, force: true }); } };
}

export function openBrowser() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] });
}

export const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** A page that notes what must never happen: errors, and requests that leave
 * the origin. */
export async function openPage(browser, origin, { size = 'desktop', colorScheme = 'light', javaScriptEnabled = true, locale = 'en' } = {}) {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme, javaScriptEnabled, locale, reducedMotion: 'reduce', bypassCSP: false });
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => { if (message.type() === 'error') faults.push(`console: ${message.text()}`); });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^https?:$/.test(url.protocol) && url.origin !== origin) faults.push(`left the origin: ${request.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/** What axe finds on the page that is serious or worse, one line each. */
export async function seriousFaults(page) {
  const { violations } = await page.evaluate(`(async () => { ${axeSource}; return axe.run(document, { resultTypes: ['violations'] }); })()`);
  return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.help} (${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join('; ')})`);
}

export async function keepPicture(page, name) {
  mkdirSync(artefacts, { recursive: true });
  await page.screenshot({ path: join(artefacts, `${name}.png`) });
}

/** Sits down in the demo as a role, through the banner's button. */
export async function sitDown(page, origin, role) {
  await page.goto(origin + '/help');
  await page.getByRole('button', { name: role, exact: true }).click();
  await page.waitForURL((url) => url.pathname !== '/help');
}

/** Waits until the map has drawn a frame with its data. */
export async function mapDrawn(page) {
  await page.locator('#map canvas.maplibregl-canvas').waitFor();
  await page.locator('.row').first().waitFor();
}
