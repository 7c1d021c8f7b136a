import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../errors';
import { digestFile } from '../../hashed';
import { readText, whole, type Schema } from '../../json';
import { unsealed } from '../../seal';
import { completeMethod, methodSchema } from '../design/complete';
import type { Method } from '../design/types';
import { warnOnce } from './warn';

/** What a saved delta is made of. */
export const deltaFiles = { record: 'petl.json', tensors: 'delta.safetensors' } as const;
export const format = 'petl-lab delta 1';

/** Which frozen model a delta belongs to; the hash is that of its weight files. */
export interface BaseModel {
  readonly name: string;
  readonly hash: string;
}

/** What a saved folder says of itself, `petl.json`. */
export interface DeltaRecord {
  readonly format: typeof format;
  /** Written form as it was trained. */
  readonly written: string;
  /** As stored: prefixes without MLP. */
  readonly method: Method;
  readonly base: BaseModel;
  /** Classes of the head beside the delta, 0 for none. */
  readonly classes: number;
  /** The other frozen model that the prompt is written with. */
  readonly encoder?: BaseModel;
  /** Names and shapes of what the tensor file holds. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  /** SHA-256 of the tensor file; records from before have none. */
  readonly sha256?: string;
}

/** What a saved folder says of itself; loads no TensorFlow. */
export function readDeltaRecord(folder: string): DeltaRecord {
  const path = join(folder, deltaFiles.record);
  if (!existsSync(path))
    throw new UserError(`${folder} holds no ${deltaFiles.record}: give a folder that a delta was saved to.`);
  const text = unsealed(readFileSync(path, 'utf8'));
  // a checksum that is not where `sealed` puts it is one that another hand has written again
  if (text === undefined || /"checksum"\s*:/.test(text))
    throw new UserError(`${path} was changed after it was saved: its checksum does not fit; save the delta again.`);
  const read = readText(text, recordSchema);
  if (read.kind === 'fault') throw new UserError(`${path} ${read.reason}: it is damaged; save the delta again.`);
  const record = read.value as unknown as DeltaRecord;
  if (record.format !== format)
    throw new UserError(`${path} has format "${record.format as string}", this version reads "${format}".`);
  const unknown = Object.keys(record).filter((key) => !recordKeys.includes(key));
  if (unknown.length > 0) warnOnce(`${path}: ${unknown.join(', ')} not known to this version`);
  return { ...record, method: completeMethod(record.method) };
}

/**
 * Refuses tensors that are not the ones that were saved: a changed number would answer otherwise, and none would say so.
 */
export function demandTensors(folder: string, { sha256 }: DeltaRecord): void {
  const path = join(folder, deltaFiles.tensors);
  if (sha256 === undefined || !existsSync(path) || tensorsDigest(path) === sha256) return;
  throw new UserError(
    `${path} is not what was saved: its SHA-256 is not the one in ${deltaFiles.record}; copy the whole folder again, or save the delta again.`,
  );
}

export const tensorsDigest = (path: string): string => digestFile(createHash('sha256'), path).digest('hex');

const recordSchema = v.looseObject({
  format: v.string(),
  written: v.string(),
  method: methodSchema,
  base: v.object({ name: v.string(), hash: v.string() }),
  classes: whole,
  encoder: v.optional(v.object({ name: v.string(), hash: v.string() })),
  tensors: v.record(v.string(), v.array(whole)),
  sha256: v.optional(v.string()),
} satisfies { readonly [K in keyof DeltaRecord]: Schema<unknown> });
const recordKeys: readonly string[] = Object.keys(recordSchema.entries);
