import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { upload } from '../../engine/memory';
import type { Tensor, Tensors } from '../../engine/tf';
import { loadBackbone, type Backbone } from '../../model/backbone';
import { uploadBatch, type Batch } from '../../model/batch';
import { packSequences, rowsNeeded } from '../../model/packing';
import type { Method, Modification } from '../design/types';
import { completeMethod } from '../design/complete';
import { method } from '../design/methods';

export interface Stored {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** One attention with a prefix beside it, in float64 numpy; see scripts/fixtures/README.md. */
export interface AttentionCase {
  readonly name: string;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  readonly scale: number;
  readonly query: Stored;
  readonly attention: Stored;
  readonly prefixKey: Stored;
  readonly prefixValue: Stored;
  readonly logMass: readonly (readonly (number | null)[])[];
  readonly gate: Stored;
  readonly gated: Stored;
  readonly ungated: Stored;
  readonly multiHeadScaled: Stored;
}

export interface ModelCase {
  readonly family: string;
  readonly name: string;
  readonly modifications: readonly Modification[];
  readonly values: Readonly<Record<string, Stored>>;
  readonly hidden: Readonly<Record<string, readonly (readonly number[])[]>>;
}

interface Unified {
  readonly ids: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
  readonly decoderIds: readonly (readonly number[])[];
  readonly decoderMask: readonly (readonly number[])[];
  readonly attention: readonly AttentionCase[];
  readonly models: readonly ModelCase[];
}

export const unified = JSON.parse(readFileSync(join(__dirname, '../fixtures/unified.json'), 'utf8')) as Unified;

export function tensor({ shape, values }: Stored): Tensor {
  return upload(new Float32Array(values), shape);
}

export function tensorsOf(values: Readonly<Record<string, Stored>>): Tensors {
  return Object.fromEntries(Object.entries(values).map(([name, stored]) => [name, tensor(stored)]));
}

export function tinyFolder(family: string): string {
  return join(__dirname, '../../model/fixtures', `tiny-${family}`);
}

export function tinyModel(family: string): Backbone {
  return newerFamilies.includes(family) ? newerModel(family) : loadBackbone(tinyFolder(family));
}

const newer = join(__dirname, '../../model/fixtures/backbones');

/** Tiny models of further architectures, as transformers 5 saves them. */
export const newerFamilies: readonly string[] = readdirSync(newer);

export function newerModel(name: string): Backbone {
  const { variants } = JSON.parse(readFileSync(join(newer, name, 'cases.json'), 'utf8')) as {
    readonly variants: { readonly plain: { readonly configs: Readonly<Record<string, unknown>> } };
  };
  const folder = mkdtempSync(join(tmpdir(), 'petl-newer-'));
  try {
    copyFileSync(join(newer, name, 'model.safetensors'), join(folder, 'model.safetensors'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(Object.values(variants.plain.configs)[0]));
    return loadBackbone(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The real tokens of a padded batch, packed. @param prompt free slots before each sequence */
export function packedBatch(
  ids: readonly (readonly number[])[],
  mask: readonly (readonly number[])[],
  prompt = 0,
): Batch {
  const sequences = ids.map((row, b) => {
    const real = row.filter((_, t) => mask[b]?.[t] === 1);
    return { ids: real, types: real.map(() => 0) };
  });
  const length = Math.max(...sequences.map((s) => s.ids.length)) + prompt;
  const size = rowsNeeded(
    sequences.map((s) => s.ids.length + prompt),
    [length],
  );
  return uploadBatch(packSequences(sequences, { lengths: [length], size, prompt }));
}

/** Values of the rows of real tokens, in their order. @param hidden `[N, width]` */
export function realRows(hidden: Tensor, { sequences }: Batch): number[][] {
  const owners = sequences.dataSync();
  return (hidden.arraySync() as number[][]).filter((_, row) => (owners[row] ?? -1) >= 0);
}

export function methodOf(modifications: readonly Modification[]): Method {
  return completeMethod(method('fixture', { modifications })); // they are older than some fields
}

/** Largest absolute difference over the rows of `expected`. */
export function furthest(rows: readonly (readonly number[])[], expected: readonly (readonly number[])[]): number {
  return Math.max(...expected.flatMap((row, i) => row.map((value, j) => Math.abs(value - (rows[i]?.[j] ?? NaN)))));
}
