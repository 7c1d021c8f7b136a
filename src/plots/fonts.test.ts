import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { escapeXml, fontFiles, textWidth } from './fonts';

describe('fonts', () => {
  it('come with a package', () => {
    for (const file of fontFiles()) expect(existsSync(file), file).toBe(true);
  });

  it('measure advance widths in em', () => {
    // Arial's advances, in units of 2048: A 1366, space 569, i 455.
    expect(textWidth('A', { size: 2048, weight: 400 })).toBeCloseTo(1366, -1);
    expect(textWidth('i i', { size: 2048, weight: 400 })).toBeCloseTo(455 + 569 + 455, -1);
    expect(textWidth('mm', { size: 10, weight: 700 })).toBeGreaterThan(textWidth('mm', { size: 10, weight: 400 }));
    expect(textWidth('α β × ± − →', { size: 10, weight: 400 })).toBeGreaterThan(30);
  });

  it('escapes markup', () => {
    expect(escapeXml('a<b>&"')).toBe('a&lt;b&gt;&amp;&quot;');
  });
});
