// A small Jupyter client: starts scripts/kernel.cjs and runs code in it over zeromq. No Python is needed.
import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './file.mjs';

export { root };
const zmq = createRequire(import.meta.url)('zeromq');

const delimiter = '<IDS|MSG>';
const key = randomUUID();

function sign(parts) {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest('hex');
}

function encode(header, content) {
  const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
  return [delimiter, sign(parts), ...parts];
}

function decode(frames) {
  const start = frames.findIndex((frame) => frame.toString() === delimiter);
  const [header, parent, , content] = frames.slice(start + 2, start + 6).map((frame) => JSON.parse(frame.toString()));
  return { type: header.msg_type, parent: parent.msg_id, content };
}

/** Sockets in a folder of their own: no port is taken, none can be taken away. */
function connection(folder) {
  const ports = { shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 };
  const info = { transport: 'ipc', ip: join(folder, 'k'), key, signature_scheme: 'hmac-sha256', ...ports };
  const file = join(folder, 'connection.json');
  writeFileSync(file, JSON.stringify(info));
  return { file, address: (port) => `ipc://${info.ip}:${port}` };
}

/**
 * A running kernel. `execute(code, onMessage)` resolves with the reply's status ('ok', 'error', 'abort') when the
 * kernel is idle
 * again; messages that belong to the code, also later ones, go to onMessage({ type, content }).
 */
export async function startKernel({ launcher = join(root, 'scripts', 'kernel.cjs'), env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'petl-kernel-'));
  const { file, address } = connection(folder);
  const child = spawn(process.execPath, [launcher, file], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // What is run is compared: what a busy machine is told is no part of it.
    env: { ...process.env, JPY_PARENT_PID: String(process.pid), PETL_SLOW_START: 'Infinity', ...env },
  });
  const kernel = {
    child,
    folder,
    requests: new Map(),
    said: '',
    heard: false,
    shell: new zmq.Dealer(),
    iopub: new zmq.Subscriber(),
  };
  // What native code writes goes past the kernel's messages; it is kept for the case that the process dies.
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      kernel.said = (kernel.said + data).slice(-4000);
    });
  child.on('exit', (code, signal) => fail(kernel, `the kernel ended with ${signal ?? `exit code ${code}`}`));
  child.on('error', (error) => fail(kernel, error.message));
  kernel.shell.connect(address(1));
  kernel.iopub.connect(address(2));
  kernel.iopub.subscribe();
  void listen(kernel.shell, (message) => onReply(kernel, message));
  void listen(kernel.iopub, (message) => onPublished(kernel, message));
  await ready(kernel);
  return {
    execute: (code, onMessage = () => undefined) =>
      request(
        kernel,
        'execute_request',
        { code, silent: false, store_history: true, allow_stdin: false, stop_on_error: true },
        onMessage,
      ),
    interrupt: () => child.kill('SIGINT'),
    stop: () => stop(kernel),
    /** What it wrote past its messages, to the server's terminal. */
    said: () => kernel.said,
    pid: child.pid,
  };
}

async function listen(socket, onMessage) {
  try {
    for await (const frames of socket) onMessage(decode(frames));
  } catch (error) {
    if (!socket.closed) throw error;
  }
}

function onReply(kernel, { parent, content }) {
  const request = kernel.requests.get(parent);
  if (!request) return;
  request.status = content.status ?? 'ok';
  settle(request);
}

function onPublished(kernel, { type, parent, content }) {
  kernel.heard = true;
  const request = kernel.requests.get(parent);
  if (!request) return;
  if (type !== 'status') request.onMessage({ type, content });
  else if (content.execution_state === 'idle') {
    request.idle = true;
    settle(request);
  }
}

/** Replies and outputs come on two sockets: both must have said that it is over. */
function settle(request) {
  if (request.status !== undefined && request.idle) request.resolve(request.status);
}

/** Requests stay registered: outputs of timers and unawaited promises come after the reply. */
function request(kernel, type, content, onMessage = () => undefined) {
  return new Promise((resolve, reject) => {
    if (kernel.dead !== undefined) {
      reject(new Error(kernel.dead));
      return;
    }
    const id = randomUUID();
    kernel.requests.set(id, { onMessage, resolve, reject, idle: false, status: undefined });
    const header = {
      msg_id: id,
      msg_type: type,
      session: key,
      username: 'notebooks',
      version: '5.3',
      date: new Date().toISOString(),
    };
    kernel.sending = (kernel.sending ?? Promise.resolve())
      .then(() => kernel.shell.send(encode(header, content)))
      .catch(reject);
  });
}

/** The kernel answers before its first outputs are heard: asks until they are. */
async function ready(kernel) {
  const deadline = performance.now() + 60_000;
  while (!kernel.heard) {
    if (kernel.dead !== undefined) throw new Error(kernel.dead);
    if (performance.now() > deadline) {
      await stop(kernel);
      throw new Error('the kernel did not answer within 60 s');
    }
    request(kernel, 'kernel_info_request', {}).catch(() => undefined);
    await new Promise((done) => {
      setTimeout(done, 100);
    });
  }
}

function fail(kernel, reason) {
  const last = kernel.said.trim().split('\n').slice(-5).join('\n');
  kernel.dead = last === '' ? reason : `${reason}\n${last}`;
  for (const { reject } of kernel.requests.values()) reject(new Error(kernel.dead));
}

async function stop(kernel) {
  const { child, folder, shell, iopub } = kernel;
  const ended =
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise((done) => {
          child.once('exit', done);
        });
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(forced);
  shell.close();
  iopub.close();
  rmSync(folder, { recursive: true, force: true });
}
