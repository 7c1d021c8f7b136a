import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { isDependency, projectRoot } from './project';
import { versionOf } from './packages/version';
import { lookAt, whatIsWrong } from './packages/content';
import { isUnpacked, readManifest } from './packages/manifest';

/** One line of `petl doctor`. `remedy` says what to do when the check is not `ok`; otherwise it is empty. */
export interface Check {
  readonly name: string;
  readonly value: string;
  readonly ok: boolean;
  readonly remedy: string;
}

const execute = promisify(execFile);
const inProject = (...parts: readonly string[]): string => join(projectRoot(), ...parts);

const setupCommand = (): string =>
  isDependency() ? `node ${relative(process.cwd(), inProject('scripts', 'setup.mjs'))}` : 'npm run setup';

/** A check that answers with a value, or fails with the message of what it throws. */
async function check(name: string, remedy: string, answer: () => string | Promise<string>): Promise<Check> {
  try {
    return { name, value: await answer(), ok: true, remedy: '' };
  } catch (error) {
    const [line = ''] = String((error as Error).message).split('\n');
    return { name, value: line, ok: false, remedy };
  }
}

function node(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) throw new Error(`${process.versions.node} is older than 20.19`);
  return `${process.versions.node} (${process.platform} ${process.arch})`;
}

/** Lists the steps of set-up that are not true. */
async function setup(): Promise<string> {
  const { stdout } = await execute(process.execPath, [inProject('scripts', 'setup.mjs'), '--missing']);
  if (stdout.trim() !== '') throw new Error(`missing: ${stdout.trim().split('\n').join(', ')}`);
  return 'complete';
}

function engine(): string {
  const tf = require('@tensorflow/tfjs-node') as typeof import('@tensorflow/tfjs-node');
  const sum = tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync()[0]);
  if (sum !== 3) throw new Error(`a product of ones gives ${sum} in place of 3`);
  const { binding } = tf.backend() as unknown as {
    readonly binding: { readonly TF_Version: string; readonly petlKernels?: number };
  };
  const kernels = ['no kernels of its own: slower', 'own kernels', 'own kernels, bfloat16 among them'][
    binding.petlKernels ?? 0
  ];
  return `tfjs-node ${versionOf('@tensorflow/tfjs-node')}, TensorFlow ${binding.TF_Version}, ${kernels}`;
}

function kernel(): string {
  const spec = inProject('.venv', 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json');
  if (!existsSync(spec)) throw new Error('the tslab kernel is not registered');
  return `tslab ${versionOf('tslab')}`;
}

async function jupyter(): Promise<string> {
  const program =
    'import jupyterlab, platform; print(jupyterlab.__version__ + ", Python " + platform.python_version())';
  const { stdout } = await execute(inProject('.venv', 'bin', 'python'), ['-c', program]);
  return `JupyterLab ${stdout.trim()}`;
}

/** Models and data that set-up brings; those of later tasks are listed when they are there. */
function packages(): readonly Promise<Check>[] {
  return readManifest()
    .filter((source) => source.use === 'default' || isUnpacked(source))
    .map((source) =>
      check(source.name, `npx petl fetch ${source.name}`, () => {
        const found = lookAt(source, 'whole');
        if (found.kind !== 'complete') throw new Error(whatIsWrong(found));
        return `${source.version}: ${source.purpose}`;
      }),
    );
}

/** Everything the project stands on, checked by using it. */
export function doctor(): Promise<readonly Check[]> {
  const remedy = setupCommand();
  return Promise.all([
    check('node', 'install Node 20.19 or newer', node),
    check('machine', '', () => `${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB memory`),
    check('set-up', remedy, setup),
    check('engine', remedy, engine),
    ...(isDependency() ? [] : [check('kernel', remedy, kernel), check('jupyter', remedy, jupyter)]),
    ...packages(),
  ]);
}

/** The checks as text, one line each, the remedy below what is wrong. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, value, ok, remedy }) => {
    const line = `${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(width)}  ${value}`;
    return ok ? [line] : [line, `     ${' '.repeat(width)}  remedy: ${remedy}`];
  });
  const wrong = checks.filter(({ ok }) => !ok).length;
  return [...lines, wrong === 0 ? 'Everything works.' : `${wrong} of ${checks.length} checks failed.`].join('\n');
}
