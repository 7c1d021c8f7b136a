import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../project';

interface Row {
  readonly library: string;
  readonly method: string;
  readonly family: string;
  readonly direction: string;
  readonly state: string;
}

const folder = join(projectRoot(), 'bench', 'interop');
const { rows } = JSON.parse(readFileSync(join(projectRoot(), 'results', 'interop', 'summary.json'), 'utf8')) as {
  readonly rows: readonly Row[];
};

/** What the proof says of other rows than the committed ones. */
function worse(given: readonly Row[]): readonly string[] {
  const program = `
    import { readFileSync } from 'node:fs';
    import { worseThan } from ${JSON.stringify(pathToFileURL(join(folder, 'expected.mjs')).href)};
    const { expected, rows } = JSON.parse(readFileSync(0, 'utf8'));
    console.log(JSON.stringify(worseThan(expected, rows)));`;
  const expected: unknown = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    input: JSON.stringify({ expected, rows: given }),
  });
  return JSON.parse(stdout) as readonly string[];
}

const changed = (family: string, state: string): readonly Row[] =>
  rows.map((row) =>
    row.library === 'peft' && row.method === 'lora' && row.direction === 'import' && row.family === family
      ? { ...row, state }
      : row,
  );

describe('the exchange with PEFT and adapters', () => {
  it('is recorded as good as expected', () => {
    const { status, stdout } = spawnSync(process.execPath, [join(folder, 'run.mjs'), '--check'], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
    expect(rows.length).toBeGreaterThan(900);
  });

  it.each(['lossy', 'skipped', 'failed'])(
    'a single cell that turns %s is noticed, the other families notwithstanding',
    (state) => {
      expect(worse(changed('t5', state))).toEqual([`peft lora import on t5: ${state}, expected ok`]);
    },
  );

  it('a cell that is no longer there, or new and not the same, is noticed', () => {
    expect(
      worse(
        rows.filter(
          (row) =>
            row.library !== 'peft' || row.family !== 'minilm' || row.method !== 'dora' || row.direction !== 'import',
        ),
      ),
    ).toEqual(['peft dora import on minilm: missing, expected ok']);
    expect(worse(changed('bart', 'ok'))).toEqual([]);
    expect(
      worse([...rows, { library: 'peft', method: 'new', family: 'bert', direction: 'import', state: 'lossy' }]),
    ).toEqual(['peft new import on bert: lossy, and not in expected.json']);
  });
});
