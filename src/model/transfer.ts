import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../errors';
import { digestFile } from '../hashed';
import { makeFolders } from '../files';

/** One file to bring and how to know that it is the right one. */
export interface RemoteFile {
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  /** SHA-256 of the content, or SHA-1 as git names a blob. */
  readonly hash: { readonly kind: 'sha256' | 'git'; readonly hex: string };
}

/** How patient a transfer is. */
export interface Patience {
  /** Attempts that may bring nothing new before it gives up; every byte that arrives counts as a new start. */
  readonly attempts: number;
  /** Milliseconds without a byte that count as a cut. */
  readonly idle: number;
  /** Milliseconds before the second attempt; twice as long before each further one. */
  readonly wait: number;
}

export type Arrived = (file: RemoteFile, bytes: number) => void;

/** An answer that asking again would not change. */
class Refusal extends Error {}

/**
 * Brings one file, going on where a cut left off, also that of an earlier process. The file appears under its name only
 * when
 * length and hash are right; one with another hash is thrown away.
 * @throws UserError that names the file and the remedy
 */
export async function bring(
  file: RemoteFile,
  path: string,
  { attempts, idle, wait }: Patience,
  arrived: Arrived,
): Promise<void> {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  const part = `${path}.part`;
  for (let failed = 0; sizeOf(part) < file.bytes || file.bytes === 0;) {
    const before = sizeOf(part);
    try {
      await receive(file, part, idle, arrived);
      if (file.bytes === 0) break;
    } catch (error) {
      if (error instanceof Refusal) throw new UserError(`cannot bring ${file.name}: ${error.message}`);
      failed = sizeOf(part) > before ? 1 : failed + 1;
      if (failed >= attempts)
        throw new UserError(
          `cannot bring ${file.name}: ${reason(error)}; ${sizeOf(part)} of ${file.bytes} bytes are kept, try again and it goes on from there`,
        );
      await pause(wait * 2 ** (failed - 1));
    }
  }
  if (sizeOf(part) === file.bytes && hashOf(part, file) === file.hash.hex) return renameSync(part, path);
  rmSync(part, { force: true });
  throw new UserError(
    `${file.name} does not have the hash that the hub names: it was damaged on the way and is thrown away; try again`,
  );
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

function reason(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: Error };
  return (cause?.message ?? message).split('\n')[0] ?? 'unknown reason';
}

/** One request; what it brings is appended to `part`. */
async function receive(file: RemoteFile, part: string, idle: number, arrived: Arrived): Promise<void> {
  const start = sizeOf(part);
  const controller = new AbortController();
  let timer = setTimeout(() => {
    controller.abort();
  }, idle);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      controller.abort();
    }, idle);
  };
  try {
    const response = await fetch(file.url, {
      headers: start > 0 ? { range: `bytes=${start}-` } : {},
      signal: controller.signal,
    });
    demandGood(response, start, part);
    const output = openSync(part, response.status === 206 ? 'a' : 'w');
    let bytes = response.status === 206 ? start : 0;
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        alive();
        writeSync(output, chunk);
        bytes += chunk.length;
        arrived(file, bytes);
        if (bytes > file.bytes) throw new Error(`more than the announced ${file.bytes} bytes came`);
      }
    } finally {
      closeSync(output);
    }
  } catch (error) {
    throw controller.signal.aborted ? new Error(`nothing came for ${idle / 1000} s`) : error;
  } finally {
    clearTimeout(timer);
  }
}

function demandGood({ status, statusText }: Response, start: number, part: string): void {
  if (status === 200 || (status === 206 && start > 0)) return;
  if (status === 416) rmSync(part, { force: true }); // the part is longer than the file: start anew
  if (status >= 400 && status < 500 && ![408, 416, 429].includes(status))
    throw new Refusal(`the hub answers ${status} ${statusText}`);
  throw new Error(`the hub answers ${status} ${statusText}`);
}

function hashOf(path: string, { bytes, hash }: RemoteFile): string {
  const digest = createHash(hash.kind === 'git' ? 'sha1' : 'sha256');
  if (hash.kind === 'git') digest.update(`blob ${bytes}\0`);
  return digestFile(digest, path).digest('hex');
}
