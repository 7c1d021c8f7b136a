import { basename, dirname, join } from 'node:path';
import { explained } from '../../files';
import { locks, type Owner } from '../../processes';

/** Beside a run's file: whoever holds it trains the run, also where others work in the same folder. */
export function claimPath(runFile: string): string {
  return join(dirname(runFile), `.lock-${basename(runFile)}`);
}

/** The runs that one study has in hand. */
export interface Claims {
  /** Takes a run, or tells who has it. */
  readonly take: (runFile: string) => Owner | undefined;
  readonly release: (runFile: string) => void;
  readonly releaseAll: () => void;
}

function attempt<T>(work: () => T, path: string): T {
  try {
    return work();
  } catch (error) {
    throw explained(error, path);
  }
}

export function openClaims(): Claims {
  const { tryLock, watchSilence } = locks();
  const watch = watchSilence();
  const held = new Map<string, () => void>();
  const release = (runFile: string): void => {
    held.get(runFile)?.();
    held.delete(runFile);
  };
  return {
    take: (runFile) => {
      const file = claimPath(runFile);
      const got = attempt(() => tryLock(file), file);
      if (got.owner !== undefined) watch(file, got.owner);
      if (got.held !== undefined) held.set(runFile, got.held);
      return got.owner;
    },
    release,
    releaseAll: () => [...held.keys()].forEach(release),
  };
}
