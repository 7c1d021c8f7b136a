import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../errors';
import { fillWhole } from '../../files';
import { readText, recordOf, type Schema } from '../../json';
import { cacheFolder } from '../../packages/manifest';

/** What a part of an index was made from: names, versions and hashes. */
export type Origin = Readonly<Record<string, string>>;

/** A part of an index, as its file holds it. */
export interface Part {
  readonly from: Origin;
  /** SHA-256 of the body. */
  readonly hash: string;
  readonly body: Buffer;
}

const format = 'petl-lab index 1';
const headIn: Schema<{ readonly format: string; readonly hash: string; readonly from: Origin }> = v.strictObject({
  format: v.literal(format),
  hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  from: recordOf(v.string()),
});

/** Where the index of a collection stands; its parts are files there. */
export function indexFolder(collection: string): string {
  return process.env['PETL_INDEX'] === undefined
    ? join(cacheFolder(), 'index', collection)
    : join(process.env['PETL_INDEX'], collection);
}

/** Writes a part whole or not at all: a line of JSON with its origin and hash, then the bytes. */
export function writePart(path: string, from: Origin, body: Uint8Array): Part {
  const hash = createHash('sha256').update(body).digest('hex');
  fillWhole(path, (file) => {
    writeSync(file, `${JSON.stringify({ format, hash, from })}\n`);
    for (let at = 0; at < body.length;) at += writeSync(file, body, at);
  });
  return { from, hash, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
}

/** A part whose bytes are those that were written; undefined where there is no such file. */
function partIn(path: string): Part | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const all = readFileSync(path);
  const end = all.indexOf(10);
  const read = readText(all.subarray(0, Math.max(end, 0)).toString('utf8'), headIn);
  if (read.kind === 'fault') return undefined;
  const { hash, from } = read.value;
  const body = all.subarray(end + 1);
  return createHash('sha256').update(body).digest('hex') === hash ? { from, hash, body } : undefined;
}

/** The part at `path`; undefined where it is missing, damaged, or made from something else: it is made anew then. */
export function keptPart(path: string, from: Origin): Part | undefined {
  const part = partIn(path);
  if (part === undefined) return undefined;
  const names = [...new Set([...Object.keys(from), ...Object.keys(part.from)])];
  return names.every((name) => from[name] === part.from[name]) ? part : undefined;
}

/** A part of the index of a collection. @throws UserError where it is missing or damaged, with what makes it */
export function readPart(collection: string, name: string): Part {
  const path = join(indexFolder(collection), name);
  const part = partIn(path);
  if (part !== undefined) return part;
  const why = existsSync(path) ? `is damaged (${path})` : `has no part "${name}" yet`;
  throw new UserError(`the index of "${collection}" ${why}: make it with: npx petl index ${collection}`);
}

/** Parts of one index belong together. @throws UserError where one was made from another */
export function demandMadeFrom(collection: string, name: string, part: Part, from: Origin): void {
  const [other] = Object.entries(from).find(([key, value]) => part.from[key] !== value) ?? [];
  if (other === undefined) return;
  const [was, is] = [part.from[other] ?? 'nothing', from[other] ?? 'nothing'].map((text) => text.slice(0, 12));
  throw new UserError(
    `the index of "${collection}" is of another ${other}: ${name} was made from ${was}, here is ${is}: make it anew with: npx petl index ${collection}`,
  );
}
