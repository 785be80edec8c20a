// What a story plays on: servers, browsers, pictures, and named steps.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { openContext } from './browser.mjs';
import { startServer } from './server.mjs';

const pictures = path.resolve(import.meta.dirname, '../../../artefacts/e2e');

export class Stage {
  /** Names of the steps that were taken. */
  steps = [];
  /** What each took, in milliseconds. */
  times = [];
  watch = { outside: [], complaints: [] };
  #closers = [];
  #contexts = [];
  #allowed = [];
  #shots = 0;

  constructor(name, browser, demo, plant) {
    this.name = name;
    this.browser = browser;
    this.demo = demo;
    this.plant = plant;
  }

  /** A step with a name, so that a failure says where. */
  async step(name, work) {
    this.steps.push(name);
    const started = Date.now();
    try {
      const answer = await work();
      this.times.push([Date.now() - started, name]);
      return answer;
    } catch (fault) {
      fault.message = `${name}: ${fault.message}`;
      throw fault;
    }
  }

  /** Somebody opens a browser; `at` is the server they reach. */
  async open(options = {}, at = this.demo.url) {
    const context = await openContext(this.browser, at, options, this.watch);
    this.#contexts.push(context);
    this.#closers.push(() => context.close());
    if (this.plant) await this.plant(context);
    return context;
  }

  /** Opens a browser in which the demo has already seated somebody. */
  async seated(role, options = {}) {
    const context = await this.open(options);
    const answer = await context.request.post('/api/v1/demo/signin', { data: { role } });
    assert.equal(answer.status(), 200, `sit down as ${role}`);
    return context;
  }

  /** A server of this story's own. */
  async serve(args = [], settings = {}) {
    const server = await startServer(args, settings);
    this.#closers.unshift(() => server.stop());
    return server;
  }

  /** Complaints that a story provokes on purpose. */
  allow(pattern) { this.#allowed.push(pattern); }

  async shot(page, name) {
    const folder = path.join(pictures, this.name);
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: path.join(folder, `${String(++this.#shots).padStart(3, '0')}-${name}.png`) });
  }

  /** Every page as it stands when a story fails. */
  async autopsy() {
    for (const page of this.#contexts.flatMap((context) => context.pages())) {
      await this.shot(page, 'failed').catch(() => { /* the page is gone already */ });
    }
  }

  /** What holds at the end of every story. */
  silent() {
    assert.deepEqual([...new Set(this.watch.outside)], [], 'requests left the origin');
    const heard = [...new Set(this.watch.complaints)].filter((line) => !this.#allowed.some((pattern) => pattern.test(line)));
    assert.deepEqual(heard, [], 'the console stays silent');
  }

  async close() {
    for (const close of this.#closers.reverse()) await close().catch(() => { /* the browser is gone already */ });
    this.#closers = [];
  }
}
