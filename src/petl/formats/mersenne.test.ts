import { expect, it } from 'vitest';
import { mersenneTwister, torchUniform } from './mersenne';

it('the 10,000th number of seed 5489 is that of the C++ standard', () => {
  const next = mersenneTwister(5489);
  for (let i = 1; i < 10_000; i++) next();
  expect(next()).toBe(4123659995);
});

it('draws what torch draws', () => {
  // torch.empty(4, 32).uniform_(-b, b, generator=torch.Generator().manual_seed(7)), b = sqrt(6 / 32); then (32, 4) with
  // b = sqrt(6 / 4)
  const next = mersenneTwister(7);
  const first = torchUniform(next, 128, Math.sqrt(6 / 32));
  const second = torchUniform(next, 128, Math.sqrt(6 / 4));
  [
    0.030243806540966034, -0.26084408164024353, 0.13788136839866638, 0.13587096333503723, -0.23143526911735535,
    -0.06489872932434082,
  ].forEach((value, i) => {
    expect(first[i]).toBeCloseTo(value, 6);
  });
  [
    0.5002816915512085, 0.48466408252716064, -0.7573257088661194, -0.3819160461425781, -1.1449475288391113,
    0.6583531498908997,
  ].forEach((value, i) => {
    expect(second[i]).toBeCloseTo(value, 6);
  });
});
