import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { live } from '../../engine/memory';
import { UserError } from '../../errors';
import { loadBackbone } from '../backbone';
import { float32Tensor, tensorsIn, writeHeader, writeTensors } from '../fixtures/files';
import { folderOf } from '../fixtures/tiny';
import { openModel } from '../open';
import { loadTokenizer } from '../tokenizer';
import { repeatedKey } from './header';
import { openSafetensors } from './safetensors';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-damaged-'));
  path = join(folder, 'model.safetensors');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const entry = (from: number, to: number, shape: readonly number[] = [(to - from) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [from, to],
});

describe('a safetensors header is read as the format says, or refused', () => {
  it.each([
    ['a number below zero', { a: entry(0, 8), b: entry(-8, 0) }, 8, /no place for tensor b/],
    ['a shape below zero', { a: entry(0, 8, [-1, -2]) }, 8, /no shape for tensor a/],
    ['no whole number', { a: entry(0, 8, [0.5, 4]) }, 8, /no shape for tensor a/],
    ['a hole', { a: entry(0, 8), b: entry(12, 16) }, 16, /tensor b at byte 12 of its data, where 8 is the next/],
    ['an overlap', { a: entry(0, 8), b: entry(4, 8) }, 8, /tensor b at byte 4 of its data, where 8/],
    [
      'a word that the format does not know',
      { a: { ...entry(0, 8), extra: 1 }, b: entry(8, 16) },
      16,
      /"extra" at tensor a/,
    ],
    ['the same bytes twice', { a: entry(0, 8), b: entry(0, 8) }, 8, /tensor b at byte 0/],
    ['bytes behind the last', { a: entry(0, 8) }, 12, /4 bytes behind its last tensor/],
    ['too few bytes', { a: entry(0, 8) }, 4, /is cut off/],
    ['another size', { a: entry(0, 8, [3]) }, 8, /has 8 bytes, shape \[3\] needs 12/],
    ['an unknown type', { a: { ...entry(0, 8), dtype: 'F4' } }, 8, /has type F4/],
    ['a tensor that is no record', { a: 3 }, 0, /no shape for tensor a/],
  ] as const)('%s', (_, header, size, message) => {
    writeHeader(path, JSON.stringify(header), [Buffer.alloc(size)]);
    expect(() => openSafetensors(path)).toThrow(message);
    expect(() => openSafetensors(path)).toThrow(UserError);
  });

  it.each([
    ['null', 'null', /a header that is no object/],
    ['a list', '[]', /a header that is no object/],
    ['a name twice', `{"a": ${JSON.stringify(entry(0, 8))}, "a": ${JSON.stringify(entry(0, 8))}}`, /"a" twice/],
  ] as const)('%s', (_, header, message) => {
    writeHeader(path, header, [Buffer.alloc(8)]);
    expect(() => openSafetensors(path)).toThrow(message);
  });

  it('a header that is no UTF-8, even where nothing reads it', () => {
    writeHeader(path, JSON.stringify({ __metadata__: { a: 'b' }, a: entry(0, 8) }), [Buffer.alloc(8)]);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('"b"') + 1] = 0xe2;
    writeFileSync(path, bytes);
    expect(() => openSafetensors(path)).toThrow(/a header that is no UTF-8/);
  });

  it('whatever order its tensors have', () => {
    writeHeader(
      path,
      JSON.stringify({ __metadata__: { a: 'b' }, b: entry(8, 16), c: entry(16, 16, [0, 3]), a: entry(0, 8) }),
      [Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)],
    );
    const file = openSafetensors(path);
    expect(file.tensors.map(({ name, read }) => [name, ...read(0, name === 'c' ? 0 : 2)])).toEqual([
      ['b', 3, 4],
      ['c'],
      ['a', 1, 2],
    ]);
    file.close();
  });

  it('a key twice is seen in any object, however it is written', () => {
    expect(repeatedKey('{"a": {"b": 1}, "c": {"b": [{"b": "a\\":"}, "b"]}}')).toBeUndefined();
    expect(repeatedKey('{"x": [{"ab": 1, "c": {}, "a\\u0062": 2}]}')).toBe('ab');
  });

  it.each([Infinity, -Infinity, NaN])('a weight %s is refused', (value) => {
    cpSync(folderOf('bert'), folder, { recursive: true });
    writeTensors(path, { ...tensorsIn(path), 'pooler.dense.bias': float32Tensor([32], (i) => (i === 3 ? value : 1)) });
    const before = live().tensors;
    expect(() => loadBackbone(folder)).toThrow(/tensor pooler\.dense\.bias holds NaN or infinity/);
    expect(live().tensors).toBe(before);
  });
});

describe('what is no regular file is refused, not waited for', () => {
  it('pipes', async () => {
    cpSync(join(folderOf('bert'), 'config.json'), join(folder, 'config.json'));
    execFileSync('mkfifo', [path, join(folder, 'tokenizer.json'), join(folder, 'x.gguf')]);
    expect(() => loadBackbone(folder)).toThrow(/model\.safetensors is no regular file/);
    expect(() => loadTokenizer(folder)).toThrow(/tokenizer\.json is no regular file/);
    await expect(openModel(join(folder, 'x.gguf'))).rejects.toThrow(/x\.gguf is no regular file/);
  });

  it('devices', () => {
    symlinkSync('/dev/zero', join(folder, 'config.json'));
    expect(() => loadBackbone(folder)).toThrow(/config\.json is no regular file/);
  });

  it('records that are none', () => {
    writeFileSync(join(folder, 'config.json'), '[1]');
    expect(() => loadBackbone(folder)).toThrow(/config\.json holds no JSON object/);
    writeFileSync(join(folder, 'config.json'), readFileSync(join(folderOf('bert'), 'config.json')).subarray(0, 40));
    expect(() => loadBackbone(folder)).toThrow(/config\.json is not valid JSON/);
  });
});
