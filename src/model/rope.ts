import type { RopeScaling, Rotary } from './shape';

/** Rotary positions of all columns and layers as RoFormer has them. */
export function plainRotary(base: number): Rotary {
  return {
    kind: 'rotary',
    base,
    pairs: 'half',
    columns: 'all',
    scaling: { kind: 'none' },
    localBase: null,
    still: [],
    longest: null,
  };
}

/**
 * Angle of each pair of columns from one position to the next, as transformers' `modeling_rope_utils.py` scales them:
 * llama3 (Dubey et al. 2024), yarn (Peng et al. 2023, section 3.2), longrope (Ding et al. 2024).
 * @param columns that turn
 */
export function speedsOf(base: number, columns: number, scaling: RopeScaling): readonly number[] {
  const plain = Array.from({ length: columns / 2 }, (_, i) => base ** ((-2 * i) / columns));
  return scaled(plain, base, scaling).map(Math.fround);
}

function scaled(plain: readonly number[], base: number, scaling: RopeScaling): readonly number[] {
  switch (scaling.kind) {
    case 'none':
      return plain;
    case 'linear':
      return plain.map((speed) => speed / scaling.factor);
    case 'llama3':
      return plain.map((speed) => smoothed(speed, scaling));
    case 'yarn':
      return blended(plain, base, scaling);
    case 'longrope':
      return plain.map((speed, i) => speed / (scaling.factors[i] as number));
  }
}

type Llama3 = Extract<RopeScaling, { kind: 'llama3' }>;

/** Waves longer than the original context by far are slowed, short ones kept, those between blended. */
function smoothed(speed: number, { factor, lowFrequency, highFrequency, original }: Llama3): number {
  const turns = (original * speed) / (2 * Math.PI);
  if (turns < lowFrequency) return speed / factor;
  if (turns > highFrequency) return speed;
  const kept = (turns - lowFrequency) / (highFrequency - lowFrequency);
  return ((1 - kept) * speed) / factor + kept * speed;
}

type Yarn = Extract<RopeScaling, { kind: 'yarn' }>;

/** Pairs that turn more than `fast` times within the original context are kept, those below `slow` slowed. */
function blended(plain: readonly number[], base: number, { factor, fast, slow, original, truncate }: Yarn): number[] {
  const columns = 2 * plain.length;
  const pairThatTurns = (times: number): number =>
    (columns * Math.log(original / (times * 2 * Math.PI))) / (2 * Math.log(base));
  const [from, to] = [pairThatTurns(fast), pairThatTurns(slow)];
  const low = Math.max(truncate ? Math.floor(from) : from, 0);
  const high = Math.min(truncate ? Math.ceil(to) : to, columns - 1);
  const range = high === low ? 0.001 : high - low;
  return plain.map((speed, i) => {
    const slowed = Math.min(Math.max((i - low) / range, 0), 1);
    return (speed / factor) * slowed + speed * (1 - slowed);
  });
}

/** Factor on sines and cosines. */
export function magnitudeOf(scaling: RopeScaling): number {
  return scaling.kind === 'yarn' || scaling.kind === 'longrope' ? scaling.magnitude : 1;
}
