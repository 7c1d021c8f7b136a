import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../project';

export const fixtures = (...path: readonly string[]): string => join(projectRoot(), 'src', ...path);

/** A copy of a valid folder in which one file at a time is changed and put back. */
export class Copy {
  readonly folder: string;

  constructor(source: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'petl-fuzz-'));
    cpSync(source, this.folder, { recursive: true });
  }

  read(name: string): Uint8Array {
    return readFileSync(join(this.folder, name));
  }

  async with<T>(name: string, value: Uint8Array | string, use: () => Promise<T>): Promise<T> {
    const whole = this.read(name);
    writeFileSync(join(this.folder, name), value);
    try {
      return await use();
    } finally {
      writeFileSync(join(this.folder, name), whole);
    }
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const copies: Map<string, Copy> = new Map();

export function copyOf(source: string): Copy {
  const found = copies.get(source) ?? new Copy(source);
  copies.set(source, found);
  return found;
}

/** Removes the copies. */
export function dropCopies(): void {
  for (const copy of copies.values()) copy.dispose();
  copies.clear();
}

const known = new Map<string, string>();

export async function baseline(key: string, make: () => Promise<string>): Promise<string> {
  const found = known.get(key) ?? (await make());
  known.set(key, found);
  return found;
}
