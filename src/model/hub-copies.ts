import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, whole, type Schema } from '../json';
import { projectRoot } from '../project';
import type { RemoteFile } from './transfer';

/** The file beside a copy's weights that says where they came from. */
export const originFile = 'source.json';

/** Where the hub's models are kept: below it `org--name/<commit>`. */
export function hubCache(): string {
  return join(projectRoot(), 'data', 'cache', 'hub');
}

/** What a copy says of itself. */
export interface Origin {
  readonly repository: string;
  readonly commit: string;
  /** As the hub names it. */
  readonly licence: string | null;
  /** Bytes of the weights. */
  readonly bytes: number;
  /** Of the one file; of lines `hash  name` where there are several, as `sha256sum` prints them. */
  readonly sha256: string;
}

const origin: Schema<Origin> = v.object({
  repository: v.string(),
  commit: v.string(),
  licence: v.nullable(v.string()),
  bytes: whole,
  sha256: v.string(),
});

export interface HubCopy extends Origin {
  readonly folder: string;
}

/** Size and hash of the weights among these files. */
export function weightsOf(files: readonly RemoteFile[]): Pick<Origin, 'bytes' | 'sha256'> {
  const weights = files.filter(({ name }) => name.endsWith('.safetensors'));
  const [only] = weights;
  const lines = weights.map(({ name, hash }) => `${hash.hex}  ${name}\n`).join('');
  return {
    bytes: weights.reduce((sum, { bytes }) => sum + bytes, 0),
    sha256:
      weights.length === 1 && only?.hash.kind === 'sha256'
        ? only.hash.hex
        : createHash('sha256').update(lines).digest('hex'),
  };
}

/** The models that were brought from the hub and are whole. */
export function hubCopies(cache: string = hubCache()): readonly HubCopy[] {
  if (!existsSync(cache)) return [];
  return readdirSync(cache)
    .sort()
    .flatMap((home) =>
      readdirSync(join(cache, home))
        .filter((name) => /^[0-9a-f]{40}$/.test(name))
        .flatMap((commit) => {
          const folder = join(cache, home, commit);
          const path = join(folder, originFile);
          return existsSync(path)
            ? [{ ...readJson(path, origin, `remove ${folder} and fetch the model again`), folder }]
            : [];
        }),
    );
}
