// JupyterLab as `npm run lab` starts it, with settings and open tabs of its own.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(import.meta.url), '..', '..', '..');
/** Pictures, runs and made-up notebooks of these checks. */
export const place = join(root, '.cache', 'e2e');

export const pause = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Draws cells out of view, too, so that what a page shows can be asked for; `theme` as JupyterLab names it. */
function settings(theme) {
  const folder = join(place, 'settings');
  rmSync(folder, { recursive: true, force: true });
  for (const [plugin, file, value] of [
    ['notebook-extension', 'tracker', { windowingMode: 'none' }],
    ['apputils-extension', 'themes', { theme }],
  ]) {
    mkdirSync(join(folder, '@jupyterlab', plugin), { recursive: true });
    writeFileSync(join(folder, '@jupyterlab', plugin, `${file}.jupyterlab-settings`), JSON.stringify(value));
  }
  return folder;
}

/** @param env variables of its kernels beside this process's */
export async function startLab({ env = {}, theme = 'JupyterLab Light' } = {}) {
  const [port, token] = [await freePort(), randomUUID()];
  rmSync(join(place, 'workspaces'), { recursive: true, force: true }); // open tabs and widths of another time
  const args = [
    join(root, 'scripts', 'lab.mjs'),
    '--no-browser',
    '--ServerApp.ip=127.0.0.1',
    `--ServerApp.port=${port}`,
    `--IdentityProvider.token=${token}`,
    `--LabApp.user_settings_dir=${settings(theme)}`,
    `--LabApp.workspaces_dir=${join(place, 'workspaces')}`,
    '--ContentsManager.allow_hidden=True', // the made-up notebooks stand in .cache
  ];
  const lab = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let said = '';
  lab.stderr.on('data', (data) => {
    said += data;
  });
  const url = `http://127.0.0.1:${port}`;
  const server = { url, token, said: () => said, stop: () => stopped(lab) };
  for (let tries = 0; tries < 240; tries++) {
    if (lab.exitCode !== null) throw new Error(`JupyterLab ended: ${said.slice(-3000)}`);
    const answer = await fetch(`${url}/api/status?token=${token}`).catch(() => undefined);
    if (answer?.ok) return server;
    await pause(250);
  }
  await stopped(lab);
  throw new Error(`JupyterLab did not answer within 60 s: ${said.slice(-3000)}`);
}

async function stopped(lab) {
  const ended = new Promise((done) => {
    lab.once('exit', done);
  });
  lab.kill('SIGTERM');
  await ended;
}

async function api(path, { url, token }, method = 'GET') {
  const answer = await fetch(`${url}/api/${path}?token=${token}`, { method });
  return method === 'GET' ? await answer.json() : undefined;
}

/** The kernel of a notebook, as the server tells it; undefined before there is one. */
export async function kernelOf(path, server) {
  const sessions = await api('sessions', server);
  return sessions.find((session) => session.path === path)?.kernel;
}

/** Ends all kernels: one is enough for the memory of a small machine. */
export async function endKernels(server) {
  for (const { id } of await api('sessions', server)) await api(`sessions/${id}`, server, 'DELETE');
}
