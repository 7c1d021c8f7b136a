import { join } from 'node:path';
import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import { makeFolder, writeWhole } from '../../files';
import { sealed } from '../../seal';
import { openSafetensors } from '../../model/checkpoint/safetensors';
import type { StoredTensor } from '../../model/checkpoint/stored';
import type { ModelShape } from '../../model/shape';
import { weightShapes } from '../../model/shapes';
import { collapse } from '../forms/collapse';
import { collapsedMethod } from '../design/collapsed';
import { Delta } from './delta';
import type { Method } from '../design/types';
import { writeSafetensors } from '../formats/safetensors';
import { drawInit, type DrawnInit } from '../forms/init';
import { unfrozenNames } from '../forms/unfrozen';
import { specsOf } from '../forms/variables';
import { whyInvalid } from '../design/valid';
import {
  deltaFiles as files,
  demandTensors,
  format,
  readDeltaRecord,
  tensorsDigest,
  type BaseModel,
  type DeltaRecord,
} from './record';

export { deltaFiles, readDeltaRecord, type BaseModel, type DeltaRecord } from './record';

/**
 * Saves a delta, and the head's `head.weight`, `head.bias` if given, as safetensors and JSON; equal tensors give equal
 * bytes.
 */
export function saveDelta(
  folder: string,
  delta: Pick<Delta, 'method' | 'shape' | 'variables' | 'constants'>,
  { encoder, ...base }: BaseModel & { readonly encoder?: BaseModel },
  head: Tensors = {},
): DeltaRecord {
  const { method, tensors } = collapse(delta.method, delta.shape, { ...delta.constants, ...delta.variables });
  try {
    const all = Object.entries({ ...tensors, ...head }).map(([name, tensor]) => ({
      name,
      shape: tensor.shape,
      values: tensor.dataSync() as Float32Array,
    }));
    const broken = all.find(({ values }) => !values.every(Number.isFinite));
    if (broken)
      throw new UserError(
        `Nothing was saved to ${folder}: ${broken.name} holds NaN or infinity. Train again with a lower learning rate.`,
      );
    const shapes = Object.fromEntries(all.map(({ name, shape }) => [name, shape]).sort());
    const record = (sha256: string): DeltaRecord => ({
      format,
      written: delta.method.name,
      method,
      base,
      classes: head['head.bias']?.size ?? 0,
      ...(encoder && { encoder }),
      tensors: shapes as DeltaRecord['tensors'],
      sha256,
    });
    return makeFolder(folder, (place) => {
      const path = join(place, files.tensors);
      writeSafetensors(path, all, { format: 'petl' });
      const saved = record(tensorsDigest(path));
      writeWhole(join(place, files.record), sealed(`${JSON.stringify(saved, null, 2)}\n`));
      return saved;
    });
  } finally {
    tf.dispose(tensors);
  }
}

export interface LoadedDelta {
  readonly delta: Delta;
  readonly head: Tensors;
  readonly record: DeltaRecord;
}

/**
 * Loads what `saveDelta` wrote onto a model of this shape. A file for another base, of another shape, incomplete, or
 * with more than it
 * should hold is a UserError that says which; nothing is left allocated then.
 */
export function loadDelta(
  folder: string,
  shape: ModelShape,
  base: Pick<BaseModel, 'hash'> & { readonly encoder?: string },
): LoadedDelta {
  const record = readDeltaRecord(folder);
  if (base.encoder !== undefined && record.encoder !== undefined && record.encoder.hash !== base.encoder)
    throw new UserError(
      `${folder} writes its prompts with ${record.encoder.name} (weights ${record.encoder.hash.slice(0, 12)}), not with this encoder (${base.encoder.slice(0, 12)}): bring the one that it was trained with.`,
    );
  if (record.base.hash !== base.hash) {
    throw new UserError(
      `${folder} was trained on ${record.base.name} (weights ${record.base.hash.slice(0, 12)}), not on this model (${base.hash.slice(0, 12)}): load it on its own base.`,
    );
  }
  const reason = whyInvalid(record.method, shape);
  if (reason !== undefined) throw new UserError(`${folder} does not fit this model: ${reason}.`);
  const expected = expectedShapes(record, shape);
  demandTensors(folder, record);
  const read = readTensors(join(folder, files.tensors), expected, record.tensors);
  const head = Object.fromEntries(Object.entries(read).filter(([name]) => name.startsWith('head.')));
  return { delta: deltaOf(record.method, shape, read), head, record };
}

function deltaOf(method: Method, shape: ModelShape, read: Tensors): Delta {
  const variables: Record<string, Tensor> = {};
  const constants: Record<string, Tensor> = {};
  for (const spec of specsOf(method, shape)) {
    const tensor = read[spec.name] ?? upload(drawInit(spec.init as DrawnInit, spec.shape, 0, spec.name), spec.shape); // random projections are redrawn
    (spec.trained ? variables : constants)[spec.name] = tensor;
  }
  for (const name of unfrozenNames(method, shape)) variables[name] = read[name] as Tensor;
  return new Delta(method, shape, { variables, constants });
}

function expectedShapes(
  { method, classes, tensors }: DeltaRecord,
  shape: ModelShape,
): ReadonlyMap<string, readonly number[]> {
  const weights = weightShapes(shape);
  const own = specsOf(collapsedMethod(method), shape)
    .filter((spec) => spec.stored)
    .map((spec) => [spec.name, spec.shape] as const);
  const unfrozen = unfrozenNames(method, shape).map((name) => [name, weights[name] ?? []] as const);
  const head =
    classes > 0
      ? ([
          ['head.weight', [shape.width, classes]],
          ['head.bias', [classes]],
        ] as const)
      : [];
  const hidden = Object.keys(tensors)
    .filter((name) => /^head\.\w+\.(weight|bias)$/.test(name))
    .map((name) => [name, name.endsWith('bias') ? [shape.width] : [shape.width, shape.width]] as const);
  return new Map([...own, ...unfrozen, ...head, ...hidden]);
}

function readTensors(
  path: string,
  expected: ReadonlyMap<string, readonly number[]>,
  said: DeltaRecord['tensors'],
): Tensors {
  const file = openSafetensors(path);
  const made: Record<string, Tensor> = {};
  try {
    const names = new Set(file.tensors.map(({ name }) => name));
    const missing = [...expected.keys()].filter((name) => !names.has(name));
    const unknown = [...names].filter((name) => !expected.has(name));
    if (missing.length + unknown.length > 0)
      throw new UserError(
        `${path} does not match its record: ${missing.length} tensors missing (${missing[0] ?? 'none'}), ${unknown.length} unknown (${unknown[0] ?? 'none'}).`,
      );
    const other = file.tensors.find(({ name, shape }) => said[name]?.join() !== shape.join());
    if (other !== undefined || Object.keys(said).length !== names.size)
      throw new UserError(
        `${path} does not match ${files.record}, which says [${said[other?.name ?? '']?.join() ?? ''}] of ${other?.name ?? 'more tensors'}: copy the whole folder again.`,
      );
    for (const stored of file.tensors) made[stored.name] = readOne(path, stored, expected.get(stored.name) ?? []);
    return made;
  } catch (error) {
    tf.dispose(made);
    throw error;
  } finally {
    file.close();
  }
}

function readOne(path: string, stored: StoredTensor, shape: readonly number[]): Tensor {
  if (stored.shape.join() !== shape.join())
    throw new UserError(
      `${path}: tensor ${stored.name} has shape [${stored.shape.join()}], the method needs [${shape.join()}].`,
    );
  return upload(stored.read(0, shape[0] ?? 1).slice(), shape);
}
