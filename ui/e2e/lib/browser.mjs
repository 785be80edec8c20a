// One Chromium for all stories. Every context is watched: no request may leave
// the origin, and nothing may complain in the console or under the CSP.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const places = [process.env.ONYO_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].filter(Boolean);
const args = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export async function launch() {
  const executablePath = places.find((place) => existsSync(place));
  if (!executablePath) throw new Error(`no Chromium at ${places.join(', ')}: on Debian run apt-get install chromium, or name one in ONYO_CHROMIUM`);
  return chromium.launch({ executablePath, args, headless: true });
}

export const desktop = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** A browser of somebody's own, watched from its first request. */
export async function openContext(browser, origin, options, watch) {
  const context = await browser.newContext({ baseURL: origin, locale: 'en', timezoneId: 'Africa/Nairobi', reducedMotion: 'reduce', ...desktop, ...options });
  context.setDefaultTimeout(20_000);
  context.setDefaultNavigationTimeout(20_000);
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP forbids ${event.violatedDirective}: ${event.blockedURI || event.sample}`);
    });
  });
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (/^https?:$/.test(url.protocol) && url.origin !== origin) watch.outside.push(request.url());
  });
  context.on('console', (message) => {
    if (message.type() === 'error') watch.complaints.push(`${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (fault) => watch.complaints.push(fault.error().message));
  return context;
}
