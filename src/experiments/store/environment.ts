import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { threadsHere } from '../../engine/threads';
import { versionOf } from '../../packages/version';
import { npmFolder, projectRoot } from '../../project';
import { codeFingerprint } from './code';

/** What a number may depend on beside its spec. */
export interface Environment {
  readonly versions: Readonly<Record<string, string>>;
  /** Commit of the sources, `unknown` outside a git checkout. */
  readonly commit: string;
  /** Sources, data lists or the lock file differ from that commit. */
  readonly dirty: boolean;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly platform: string;
  /**
   * Whether layers ran on the project's own kernels, whose dropout draws other numbers; left out in records from before
   * there were any.
   */
  readonly kernels?: boolean;
  /** Threads that share an op: another number adds in another order. Left out in older records. */
  readonly threads?: number;
  /** Fingerprint of the code that can move the numbers (`code.ts`). Left out in older records. */
  readonly code?: string;
  /** What of the processor's vector units libraries choose their sums by. Left out in older records. */
  readonly vectors?: readonly string[];
}

const watched = ['src', 'bin', 'data', 'package-lock.json'];
const packages = ['@tensorflow/tfjs-node', '@huggingface/tokenizers'];

let known: Environment | undefined;

/** The environment of this process; asked once. */
export function environment(): Environment {
  known ??= {
    versions: {
      node: process.versions.node,
      ...Object.fromEntries(packages.map((name) => [name, versionIfKnown(name)])),
    },
    commit: git('rev-parse', 'HEAD') ?? 'unknown',
    dirty: git('status', '--porcelain', '--untracked-files=no', '--', ...watched) !== '',
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    kernels: process.env.PETL_KERNELS !== '0' && kernelsCompiled(),
    threads: threadsHere(),
    code: codeFingerprint(),
    vectors: vectors(),
  };
  return known;
}

const units = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_bf16', 'asimd', 'bf16', 'sve'];

/** None where the system does not tell. */
function vectors(): readonly string[] {
  try {
    const [, flags = ''] = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
    const found = new Set(flags.split(' '));
    return units.filter((unit) => found.has(unit));
  } catch {
    return [];
  }
}

/** Set-up leaves an empty file where they could not be compiled. */
function kernelsCompiled(): boolean {
  const path = join(npmFolder('@tensorflow/tfjs-node'), 'lib', 'napi-v8', 'petl_kernels.so');
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', args, {
      cwd: projectRoot(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

function versionIfKnown(name: string): string {
  try {
    return versionOf(name);
  } catch {
    return 'unknown';
  }
}
