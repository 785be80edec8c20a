// A real Onyo on a free loopback port, in a directory of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from './until.mjs';

const binary = process.env.ONYO_BINARY ?? path.resolve(import.meta.dirname, '../../../bin/onyo');

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Starts `onyo serve` with the given arguments and waits until it is ready.
 * `settings` are environment variables; `said()` is everything it printed. */
export async function startServer(args = [], settings = {}) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build first`);
  const directory = await mkdtemp(path.join(tmpdir(), 'onyo-e2e-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, ['serve', ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, ONYO_DATA_DIR: path.join(directory, 'data'), ONYO_LISTEN: listen, ONYO_FORM_RATE: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { printed = (printed + bytes).slice(-200_000); });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const server = {
    url: `http://${listen}`,
    said: () => printed,
    /** Ends the process, by force after five seconds, and removes its directory. */
    async stop() {
      const force = setTimeout(() => child.kill('SIGKILL'), 5000);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(force);
      await rm(directory, { recursive: true, force: true });
    },
    /** The last resort, when this process itself is told to end. */
    kill: () => child.kill('SIGKILL'),
  };
  try {
    await until(`${server.url}/readyz to answer 200`, 60, async () => {
      if (child.exitCode !== null) throw new Error(`onyo serve ended with ${child.exitCode}:\n${printed}`);
      const answer = await fetch(`${server.url}/readyz`).catch(() => null);
      return answer?.status === 200;
    });
  } catch (fault) {
    await server.stop();
    throw fault;
  }
  return server;
}
