// Plays every story in a real browser against the real server:
//   node e2e/run.mjs [--faults] [part of a story's name …]
// With --faults each story is played with the fault it names planted, and
// passes only if it notices.
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { launch } from './lib/browser.mjs';
import { startServer } from './lib/server.mjs';
import { Stage } from './lib/stage.mjs';

const folder = path.join(import.meta.dirname, 'stories');
const faults = process.argv.includes('--faults');
const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));

async function play(name, story, browser, demo) {
  const stage = new Stage(name, browser, demo, faults ? story.plant : undefined);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${story.seconds} s, at “${stage.steps.at(-1)}”`)), story.seconds * 1000);
  });
  const started = Date.now();
  try {
    await Promise.race([story.default(stage).then(() => stage.silent()), late]);
    return { steps: stage.steps.length, took: Date.now() - started, slowest: stage.times.sort(([a], [b]) => b - a).slice(0, 3) };
  } catch (fault) {
    if (!faults) await stage.autopsy();
    return { fault, steps: stage.steps.length, took: Date.now() - started };
  } finally {
    clearTimeout(timer);
    await stage.close();
  }
}

function report(name, { fault, steps, took, slowest }) {
  const good = faults ? fault : !fault;
  const seconds = (took / 1000).toFixed(1);
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name} (${steps} steps, ${seconds} s)`);
  if (slowest) console.log(`     slowest: ${slowest.map(([ms, step]) => `${step} ${(ms / 1000).toFixed(1)} s`).join('; ')}`);
  if (faults) console.log(fault ? `     noticed: ${fault.message.split('\n')[0]}` : '     the planted fault went unnoticed');
  else if (fault) console.log(`     ${(fault.stack ?? fault.message).split('\n').slice(0, 30).join('\n     ')}`);
  return good;
}

async function main() {
  const names = (await readdir(folder)).filter((file) => file.endsWith('.mjs')).map((file) => file.slice(0, -4)).sort()
    .filter((name) => !asked.length || asked.some((part) => name.includes(part)));
  if (!asked.length) await rm(path.resolve(import.meta.dirname, '../../artefacts/e2e'), { recursive: true, force: true });
  let passed = 0;
  const browser = await launch();
  let demo;
  try {
    demo = await startServer(['--demo']);
    process.once('exit', () => demo.kill());
    for (const name of names) {
      const story = await import(path.join(folder, `${name}.mjs`));
      if (report(name, await play(name, story, browser, demo))) passed++;
    }
  } finally {
    await browser.close();
    await demo?.stop();
  }
  console.log(`${passed} passed, ${names.length - passed} failed`);
  return passed === names.length && names.length > 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
main().then((code) => process.exit(code), (fault) => {
  console.error(fault.message);
  process.exit(1);
});
