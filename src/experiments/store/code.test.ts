import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../../project';
import { codeFingerprint, fingerprintAt } from './code';

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'petl-code-'));
  cpSync(join(projectRoot(), 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(projectRoot(), 'scripts', 'setup'), join(copy, 'scripts', 'setup'), { recursive: true });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function change(path: string, from: string, to: string): void {
  const file = join(copy, path);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

it('is moved by code that computes numbers and by nothing else', () => {
  const before = fingerprintAt(copy);
  expect(before).toBe(codeFingerprint());
  appendFileSync(join(copy, 'src/engine/adam.ts'), '\n// a remark\n');
  change('src/plots/sparkline.ts', '480', '481');
  change('src/experiments/store/words.ts', "'mixed'", "'several'");
  expect(fingerprintAt(copy)).toBe(before);
  change('src/training/optimizer.ts', 'warmup * steps', 'warmup + steps');
  const optimizer = fingerprintAt(copy);
  expect(optimizer).not.toBe(before);
  change('src/engine/native/kernels.cc', '#include', '// other\n#include');
  expect(fingerprintAt(copy)).not.toBe(optimizer);
});
