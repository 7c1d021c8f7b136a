import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

describe('the engine under stress', { timeout: 600_000 }, () => {
  it('survives a fiftieth of `npm run stress`: no crash, no program or tensor left', () => {
    const out = mkdtempSync(join(tmpdir(), 'petl-stress-'));
    try {
      execFileSync(process.execPath, [join(__dirname, '../../scripts/stress.mjs'), '--share', '0.02', '--out', out], {
        encoding: 'utf8',
        env: { ...process.env, VITEST: undefined },
      });
      const { rows } = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as {
        rows: { kind: string; processes: number; bad: number }[];
      };
      expect(rows.map(({ kind, processes, bad }) => [kind, processes, bad])).toEqual([
        ['state', 1, 0],
        ['start', 6, 0],
        ['drops', 1, 0],
        ['steps', 1, 0],
      ]);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
