import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from './errors';
import { demandFilePlace, demandPlace, demandWritable, explained, fillWhole, makeFolder, writeWhole } from './files';
import { readHashed, writeHashed } from './hashed';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('files appear whole or not at all', () => {
  it('replaces a file only when the new one is finished', () => {
    const path = writeWhole(join(folder, 'deep', 'a.txt'), 'first');
    expect(() =>
      fillWhole(path, () => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(readdirSync(join(folder, 'deep'))).toEqual(['a.txt']);
  });

  it.each(['EROFS', 'EACCES'])('says why a folder may not be made where Node calls it missing: %s', (code) => {
    const path = join(folder, 'a', 'b', 'c');
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'mkdir', path });
    const access = (at: string): void => {
      expect(at).toBe(folder); // the nearest that is there
      throw Object.assign(new Error('no'), { code });
    };
    expect(explained(missing, path, access)).toBeInstanceOf(UserError);
    expect(explained(missing, path, () => undefined)).toBe(missing);
  });

  it('makes a folder with everything in it', () => {
    const path = join(folder, 'new');
    const failing = (): void =>
      makeFolder(path, (partial) => {
        writeFileSync(join(partial, 'half'), '');
        throw new Error('stop');
      });
    expect(failing).toThrow('stop');
    expect(readdirSync(folder)).toEqual([]);
    for (const name of ['one', 'two'])
      expect(makeFolder(path, (partial) => writeFileSync(join(partial, name), ''))).toBeUndefined();
    expect(readdirSync(path)).toEqual(['one', 'two']);
    expect(readdirSync(folder)).toEqual(['new']);
  });

  it.each([
    ['below a file', 'file/x'],
    ['under a name too long', 'n'.repeat(300)],
  ])('refuses a folder %s in one line', (_, name) => {
    writeFileSync(join(folder, 'file'), '');
    const path = join(folder, name);
    expect(() => demandWritable(path)).toThrow(UserError);
    expect(() => writeWhole(join(path, 'a'), '')).toThrow(/^cannot write .*: name another folder/);
  });

  it.each(['/proc/petl', '/proc/petl/deep'])('refuses %s, where no folder can be made, at once', (path) => {
    const refusal = new RegExp(`^cannot write ${path}.*: nothing can be made there: name another folder`);
    expect(() => demandWritable(path)).toThrow(refusal);
    expect(() => demandPlace(path)).toThrow(refusal);
    expect(() => writeWhole(join(path, 'a.svg'), '')).toThrow(refusal);
    expect(() => makeFolder(path, () => undefined)).toThrow(refusal);
    expect(() => demandFilePlace(`${path}.zip`)).toThrow(/^cannot write \/proc.*: name another folder/);
    expect(() => writeWhole(`${path}.zip`, '')).toThrow(refusal);
  });

  it('refuses a folder at or behind a link that leads nowhere, or in a circle', () => {
    symlinkSync(join(folder, 'missing'), join(folder, 'nowhere'));
    symlinkSync(join(folder, 'circle'), join(folder, 'circle'));
    for (const name of ['nowhere', 'nowhere/deep', 'circle', 'circle/deep'])
      expect(() => demandWritable(join(folder, name))).toThrow(UserError);
  });

  it('does not take what is missing where something is read for a thing that cannot be made', () => {
    const reading = (): string => writeWhole(join(folder, 'a'), readFileSync(join(folder, 'b')));
    expect(reading).toThrow('ENOENT');
    expect(() => fillWhole(join(folder, 'a'), () => void readFileSync(join(folder, 'b')))).toThrow('ENOENT');
  });

  it('tries a place and leaves it as it was', () => {
    demandPlace(join(folder, 'new', 'deep'));
    expect(readdirSync(folder)).toEqual([]);
    writeWhole(join(folder, 'there', 'a'), '');
    demandPlace(join(folder, 'there'));
    demandFilePlace(join(folder, 'there', 'a'));
    expect(readdirSync(join(folder, 'there'))).toEqual(['a']);
    expect(() => demandFilePlace(join(folder, 'there'))).toThrow(/^cannot write .*: there is a folder of this name/);
  });

  it('leaves nothing of a trial', () => {
    demandWritable(join(folder, 'new'));
    expect(readdirSync(join(folder, 'new'))).toEqual([]);
  });

  it('says that a disk is full', () => {
    expect(() => fillWhole(join(folder, 'a'), () => writeFileSync('/dev/full', 'x'))).toThrow(
      /the disk is full: make room/,
    );
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });
});

describe('a hashed file', () => {
  it('is read as it was written, and not when it was changed', () => {
    const path = join(folder, 'a');
    writeHashed(path, 'text');
    expect(readHashed(path)).toBe('text');
    for (const damaged of ['', 'text', readFileSync(path, 'utf8').slice(0, -1)]) {
      writeFileSync(path, damaged);
      expect(readHashed(path)).toBeUndefined();
    }
    expect(readHashed(join(folder, 'b'))).toBeUndefined();
  });
});
