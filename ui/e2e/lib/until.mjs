// Asks again until the answer is yes. For what a browser's selectors cannot wait
// for: the server's answers and the pixels of a canvas.
import { setTimeout as pause } from 'node:timers/promises';

const between = 120;

/** Resolves with the first truthy answer. What the question throws ends the
 * wait; after `seconds` it fails, naming what was waited for. */
export async function until(what, seconds, ask) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await pause(between);
  }
}
