import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './project';

/** A process that owns a lock or an unfinished file. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
  readonly place: string;
}

/** What `bin/processes.cjs` gives: set-up stands on it, too, before there is anything to transpile with. */
interface Processes {
  readonly ownerOf: (pid?: number) => Owner;
  readonly removeLeftovers: (folder: string) => void;
  readonly spawnTied: (
    command: string,
    args: readonly string[],
    options: SpawnOptions & { readonly shared?: boolean },
  ) => ChildProcess;
  readonly tokenOf: (owner: Owner) => string;
  readonly whenAbandoned: (act: () => void) => void;
}

/** What `bin/lock.cjs` gives. */
interface Locks {
  readonly isAlive: (file: string) => boolean;
  readonly keepTouched: (file: string) => () => void;
  readonly lock: (file: string, waiting?: (owner: Owner) => void, goesOn?: () => void) => Promise<() => void>;
  readonly nameOf: (owner: Owner) => string;
  readonly tryLock: (file: string) => { readonly held?: () => void; readonly owner?: Owner };
  readonly watchSilence: () => (file: string, owner: Owner) => void;
}

const load = <T>(name: string): T => require(join(projectRoot(), 'bin', name)) as T;

export const processes = (): Processes => load<Processes>('processes.cjs');
export const locks = (): Locks => load<Locks>('lock.cjs');

/** This process, for names of unfinished files: `pid.start.place`. */
export function ownToken(): string {
  const { ownerOf, tokenOf } = processes();
  return tokenOf(ownerOf());
}

/** What a command that failed said; `code` is `ENOENT` where there is no such command. */
export interface Failure {
  readonly message: string;
  readonly code: string | number | null;
  readonly stderr: string;
}

/** Runs a command that ends with this process. Resolves with its standard output; rejects with a `Failure`. */
export function runTied(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = processes().spawnTied(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
      });
    const fail = (message: string, code: Failure['code']): void => reject({ message, code, stderr: said.stderr });
    child.on('message', ({ message, code }: NodeJS.ErrnoException) => fail(message, code ?? null));
    child.on('error', ({ message, code }: NodeJS.ErrnoException) => fail(message, code ?? null));
    child.on('close', (code) => (code === 0 ? resolve(said.stdout) : fail(`${command} ended with ${code}`, code)));
  });
}
