import { describe, expect, it } from 'vitest';
import { fingerprint } from './fingerprint';

const example = (id: string): { id: string; text: string; target: string } => ({ id, text: `text ${id}`, target: 'x' });

describe('fingerprint', () => {
  it('changes with a text, an order and a split, and with nothing else', () => {
    const data = { train: [example('1'), example('2')], validation: [example('3')], test: [example('4')] };
    const others = [
      { ...data, train: [example('2'), example('1')] },
      { ...data, train: [example('1')], validation: [example('2'), example('3')] },
      { ...data, test: [{ ...example('4'), target: 'y' }] },
    ];
    expect(fingerprint(data)).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprint(structuredClone(data))).toBe(fingerprint(data));
    for (const other of others) expect(fingerprint(other)).not.toBe(fingerprint(data));
  });
});
