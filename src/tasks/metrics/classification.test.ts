import { describe, expect, it } from 'vitest';
import { accuracy, f1, macroF1, matthews } from './classification';

// p, t as below; scikit-learn 1.9.1: accuracy_score(t, p), f1_score(t, p), f1_score(t, p, average='macro'),
// matthews_corrcoef(t, p)
const p = [1, 0, 1, 1, 0, 1, 0, 0, 1, 1];
const t = [1, 0, 0, 1, 0, 1, 1, 0, 1, 0];
const p3 = [0, 1, 2, 2, 1, 0, 2, 1, 0, 0, 1, 2];
const t3 = [0, 1, 2, 1, 1, 0, 0, 1, 0, 2, 2, 2];

describe('classification metrics', () => {
  it('equal scikit-learn on two labels', () => {
    expect(accuracy(p, t)).toBeCloseTo(0.7, 14);
    expect(f1(p, t)).toBeCloseTo(0.7272727272727273, 14);
    expect(macroF1(p, t)).toBeCloseTo(0.696969696969697, 14);
    expect(matthews(p, t)).toBeCloseTo(0.408248290463863, 14);
  });

  it('equal scikit-learn on three labels', () => {
    expect(accuracy(p3, t3)).toBeCloseTo(0.6666666666666666, 14);
    expect(macroF1(p3, t3)).toBeCloseTo(0.6666666666666666, 14);
    expect(f1(p3, t3, 2)).toBe(0.5);
    expect(matthews(p3, t3)).toBeCloseTo(0.5, 14);
  });

  it('are 0, not NaN, where a side is constant', () => {
    expect(f1([0, 0], [0, 0])).toBe(0);
    expect(matthews([1, 1, 1], [1, 1, 0])).toBe(0);
  });

  it('refuse nothing to score and lists of different length', () => {
    expect(() => accuracy([], [])).toThrow(/nothing to score/);
    expect(() => matthews([1], [1, 0])).toThrow('1 predictions for 2 labels');
  });
});
