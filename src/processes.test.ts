import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { locks, processes } from './processes';
import { projectRoot } from './project';

const bin = join(projectRoot(), 'bin');
const patience = { timeout: 20_000, interval: 50 };
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-processes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isThere = (pid: number): boolean => processes().ownerOf(pid).started !== '0';

/** Process ids that a shell wrote into the folder, once there are as many. */
const pids = (count: number): Promise<readonly number[]> =>
  vi.waitFor(() => {
    const found = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number);
    expect(found).toHaveLength(count);
    return found;
  }, patience);

const gone = (found: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(found.filter(isThere)).toEqual([]), patience);

/** Runs a script of Node. */
function script(text: string, env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const file = join(folder, 'script.cjs');
  writeFileSync(file, text);
  return spawn(process.execPath, [file], { stdio: 'ignore', env });
}

const sleepers = `echo $$ >> ${'$'}F; sleep 1000 & echo $! >> ${'$'}F; sleep 1000`;
const tied = `require('${bin}/processes.cjs').spawnTied('sh', ['-c', process.env.SLEEPERS], { stdio: 'ignore' });`;
const env = (): NodeJS.ProcessEnv => ({ ...process.env, F: join(folder, 'pids'), SLEEPERS: sleepers });

describe('nothing outlives the process that started it', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('a command and its children end after %s', async (signal) => {
    const parent = script(`${tied} setInterval(() => undefined, 1000);`, env());
    const found = await pids(2);
    expect(found.every(isThere)).toBe(true);
    parent.kill(signal);
    await gone(found);
  });

  it('a script ends when the npm that runs it is killed, though its shell lives', async () => {
    const own = join(folder, 'own.cjs');
    writeFileSync(
      own,
      `require('${bin}/processes.cjs').whenAbandoned(() => process.exit(1)); setInterval(() => undefined, 1000);
       require('node:fs').appendFileSync(process.env.F, process.pid + '\\n' + process.ppid + '\\n');`,
    );
    const npm = join(folder, 'npm');
    writeFileSync(npm, `require('node:child_process').spawn('sh', ['-c', '"$0" ${own}; true', process.execPath]);`);
    const parent = spawn(process.execPath, [npm], { stdio: 'ignore', env: { ...env(), npm_execpath: npm } });
    const found = await pids(2);
    parent.kill('SIGKILL');
    await gone(found);
  });

  it('a kernel ends with its server, also while it computes', async () => {
    const kernel = join(projectRoot(), 'scripts', 'kernel.cjs');
    const connection = join(folder, 'connection.json');
    writeFileSync(connection, '{}');
    const busy = join(folder, 'busy.cjs');
    writeFileSync(
      busy,
      `require('node:fs').appendFileSync(process.env.F, process.pid + '\\n'); process.argv[2] = '${connection}';
       setImmediate(() => { for (;;); }); require('${kernel}');`,
    );
    const parent = script(
      `require('node:child_process').spawn(process.execPath, ['${busy}'], { env: { ...process.env, JPY_PARENT_PID: process.pid } }); setInterval(() => undefined, 1000);`,
      env(),
    );
    const found = await pids(1);
    parent.kill('SIGKILL');
    await gone(found);
  });
});

describe('a lock', () => {
  it('has one owner at a time, and is taken over from the dead alone', () => {
    const { tryLock } = locks();
    const { ownerOf } = processes();
    const file = join(folder, 'lock');
    const first = tryLock(file);
    expect(tryLock(file).owner).toMatchObject(ownerOf());
    first.held?.();
    const elsewhere = { ...ownerOf(), place: 'abcdefabcdef', host: 'other' };
    writeFileSync(file, JSON.stringify(elsewhere));
    expect(tryLock(file).owner).toMatchObject(elsewhere);
    writeFileSync(file, JSON.stringify({ ...ownerOf(), started: '1' }));
    expect(tryLock(file).held).toBeDefined();
  });
});
