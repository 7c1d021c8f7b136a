import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readManifest } from '../../packages/manifest';
import { readBaselines } from './baselines';
import { readGate } from './gate-record';
import { readHe } from './published';

const folder = mkdtempSync(join(tmpdir(), 'petl-read-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function put(path: string, text: string): string {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path);
}

it('reads what is committed', () => {
  expect(readHe().length).toBeGreaterThan(100);
  expect(readManifest().length).toBeGreaterThan(3);
  expect(readGate()?.lines.length).toBeGreaterThan(0);
  expect(readBaselines('synopsis')?.rows).toHaveLength(4);
});

it('names the file, the fault and the remedy of records that hold something else', () => {
  put('base-gate/gate.json', '{"lines":[{"task":"synopsis","model":"m"}],"settings":[]}');
  expect(() => readGate(folder)).toThrow(
    /gate\.json: has no field "lines\.0\.against": remove the file and judge again/,
  );
  put('baselines/xsum.json', '{"task":');
  expect(() => readBaselines('xsum', folder)).toThrow(/xsum\.json: is not JSON: make it anew with: npx petl baselines/);
  expect(() => readHe(put('he.json', '{"numbers":[{"table":2}]}'))).toThrow(/"numbers\.0\.table" should be string/);
  expect(() => readManifest(put('packages.json', '{}'))).toThrow(/packages\.json: should be Array, not Object: bring/);
});
