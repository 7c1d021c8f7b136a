import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../../errors';
import { explained, makeFolder, makeFolders, unfinished } from '../../files';
import { readText } from '../../json';
import { projectRoot } from '../../project';
import { codeFingerprint } from '../store/code';
import { readRun } from '../store/read';
import { adapterFolder, runId, runPath, type RunSpec } from '../store/spec';
import { checkpointPath } from './execute';
import { parcelsOf } from './parcels';
import type { Answer, Launch, WorkerProcess } from './process';
import { toldSchema, type Far, type Told } from './told';
import type { Request } from './worker';

/** Machines that make runs of a study; `scripts/cluster/bridge.py` speaks with them. */
export interface Cluster {
  readonly launch: Launch;
  /** How many runs can be made at once now. */
  readonly slots: () => number;
  readonly close: () => void;
}

/** A run that is on its way. */
interface Sent {
  readonly request: Request;
  readonly onMessage: (message: Far) => void;
}

const forms = /^(?:tcp|tls):\/\/[^\s/]+:\d+$|^local:(?<workers>[1-9]\d?)$/;

/** Workers that an address asks for here; none for a scheduler elsewhere. @throws UserError where it cannot be read */
export function workersHere(address: string): number {
  const found = forms.exec(address);
  if (found === null)
    throw new UserError(
      `cluster "${address}": write tcp://HOST:PORT of a Dask scheduler, or local:N for N workers here, 99 at most`,
    );
  return Number(found.groups?.['workers'] ?? 0);
}

/**
 * Finds a Dask scheduler, or starts one with workers on this machine (`local:3`).
 * @param say takes lines about the cluster
 * @throws UserError where the address cannot be read, Dask is not installed, or nobody answers
 */
export async function openCluster(address: string, results: string, say: (line: string) => void): Promise<Cluster> {
  workersHere(address);
  const python = join(projectRoot(), '.venv', 'bin', 'python');
  const bridge = spawn(python, [join(projectRoot(), 'scripts', 'cluster', 'bridge.py'), address], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const spool = unfinished(join(results, 'cluster'));
  makeFolders(spool);
  const sent = new Map<number, Sent>();
  let slots = 0;
  const state = { closed: false, ended: false };
  const close = (): void => {
    state.closed = true; // what is still on its way keeps its state
    bridge.kill('SIGTERM');
    rmSync(spool, { recursive: true, force: true });
  };
  try {
    await heard(bridge, address, (told) => {
      if (told.kind === 'slots') {
        slots = told.count;
        say(
          slots === 0
            ? `waiting for workers at ${address}`
            : `the cluster makes ${slots} ${slots === 1 ? 'run' : 'runs'} at once`,
        );
      }
      if (told.kind === 'message') sent.get(told.number)?.onMessage(told.message);
      else if (told.kind === 'note') say(told.line);
    });
  } catch (error) {
    close();
    throw error;
  }
  bridge.stdin.on('error', () => undefined);
  bridge.on('close', () => {
    state.ended = true;
    if (!state.closed) for (const one of sent.values()) one.onMessage(bridgeEnded);
  });
  const post = (message: object): void => void bridge.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    launch: (threads, limitMb) =>
      remoteWorker({ threads, limitMb: limitMb ?? null, results, spool, sent, post, ended: () => state.ended }),
    slots: () => slots,
    close,
  };
}

/** Resolves when the cluster is there; rejects where it refuses or the bridge ends before. */
function heard(bridge: ChildProcess, address: string, take: (told: Told) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    bridge.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    const fail = (): void => reject(new UserError(whyNot(address, said)));
    bridge.on('error', fail);
    bridge.on('close', fail);
    if (bridge.stdout === null) return;
    createInterface({ input: bridge.stdout }).on('line', (line) => {
      const read = readText(line, toldSchema);
      if (read.kind === 'fault') {
        said = `the bridge ${read.reason}: ${line.slice(0, 80)}`;
        bridge.kill('SIGTERM');
      } else if (read.value.kind === 'open') resolve();
      else if (read.value.kind === 'refused')
        reject(new UserError(`${read.value.line}: start one, or write --cluster local:2`));
      else take(read.value);
    });
  });
}

function whyNot(address: string, said: string): string {
  if (/No module named 'distributed'|ENOENT/.test(said) || said === '')
    return 'Dask is not installed: bring it with npm run setup -- --cluster';
  return `no cluster at ${address}: ${said.trim().split('\n').pop() ?? ''}`;
}

interface Here {
  readonly threads: number;
  /** MiB that a training process may hold; null for any. */
  readonly limitMb: number | null;
  readonly results: string;
  readonly spool: string;
  readonly sent: Map<number, Sent>;
  readonly post: (message: object) => void;
  readonly ended: () => boolean;
}

const bridgeEnded: Far = { kind: 'failed', message: 'the bridge to the cluster has ended', user: false };

let numbers = 0;

/** Has one run after another made somewhere on the cluster. */
function remoteWorker(here: Here): WorkerProcess {
  let current: number | undefined;
  const stop = (): void => {
    if (current !== undefined) here.post({ kind: 'stop', number: current });
  };
  return {
    run: (request, onEvent, onNote) =>
      new Promise((resolve) => {
        const number = (current = numbers += 1);
        const onMessage = (message: Far): void => {
          if (message.kind === 'event') onEvent(message.event);
          else if (message.kind === 'note') onNote(message.line);
          else if (message.kind !== 'started' && here.sent.delete(number)) {
            current = undefined;
            resolve(takenOver(message, request, here));
          }
        };
        here.sent.set(number, { request, onMessage });
        if (here.ended()) onMessage(bridgeEnded);
        else here.post(jobOf(request, number, here));
      }),
    interrupt: stop,
    stop,
  };
}

function jobOf(request: Request, number: number, { threads, limitMb, results, spool }: Here): object {
  const { spec } = request.plan;
  const keep = checkpointPath(spec, results);
  return {
    kind: 'run',
    ...{ number, request, threads, limitMb, spool, keep },
    id: runId(spec),
    root: projectRoot(),
    code: codeFingerprint(),
    ...parcelsOf(spec),
    state: relative(results, keep),
  };
}

/** What came back cannot be taken over on a full disk: the run has failed, and the others go on. */
function takenOver(message: Far, request: Request, here: Here): Answer {
  try {
    return settled(message, request, here);
  } catch (error) {
    const fault = explained(error, runPath(request.plan.spec, here.results)) as Error;
    return { kind: 'failed', message: fault.message, user: fault instanceof UserError };
  }
}

/** Takes over what came back: files that are not what they say count as lost. */
function settled(message: Far, { plan: { spec } }: Request, here: Here): Answer {
  if (message.kind === 'event' || message.kind === 'note' || message.kind === 'started')
    return { kind: 'died', reason: 'no answer', started: true };
  if (message.kind === 'stopped') return message;
  if (message.place === undefined) return message;
  const fault = message.kind === 'done' ? takeFiles(message.place, spec, here.results) : undefined;
  // It has done its work, or would fail alike. What this machine cannot take over now is thrown, and goes on from it.
  rmSync(checkpointPath(spec, here.results), { force: true });
  return fault === undefined ? message : { kind: 'died', reason: fault, started: true };
}

/** Puts a run's files in place, the result last; gives what is wrong with them, if anything. */
function takeFiles(place: string, spec: RunSpec, results: string): string | undefined {
  const path = runPath(spec, results);
  const found = readRun(join(place, relative(results, path)));
  if (found.kind !== 'finished')
    return `its file came back damaged${found.kind === 'damaged' ? `: ${found.reason}` : ''}`;
  const adapter = adapterFolder(spec, results);
  const came = adapter === undefined ? '' : join(place, relative(results, adapter));
  if (adapter !== undefined && existsSync(came)) {
    makeFolders(dirname(adapter));
    makeFolder(adapter, (folder) =>
      readdirSync(came).forEach((name) => renameSync(join(came, name), join(folder, name))),
    );
  }
  makeFolders(dirname(path));
  renameSync(join(place, relative(results, path)), path);
  rmSync(place, { recursive: true, force: true });
  return undefined;
}
