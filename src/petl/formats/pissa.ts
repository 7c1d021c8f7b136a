import { upload } from '../../engine/memory';
import { exactPrincipalFactors } from '../forms/principal';
import type { Base } from './base';
import { weightOf } from './joint';
import type { BlockPart } from './modules';
import { beside, times, type Values } from './values';

/**
 * Where PEFT's PiSSA starts at a module: A0 `[in, r]` and B0 `[r, out]` with s A0 B0 the best approximation of rank r
 * of the frozen
 * matrix, which PEFT takes out of it (Meng et al. 2024, equations 2-4).
 */
export function principalStart(
  places: readonly BlockPart[],
  base: Base,
  { r, scale }: { readonly r: number; readonly scale: number },
): { readonly down: Values; readonly up: Values } {
  const weight = beside(places.map((at) => weightOf(at, base)));
  const [from, to] = weight.shape as [number, number];
  const tensor = upload(weight.values, [from, to]);
  const { down, up } = exactPrincipalFactors(tensor, r);
  tensor.dispose();
  const share = 1 / Math.sqrt(scale);
  return { down: times({ shape: [from, r], values: down }, share), up: times({ shape: [r, to], values: up }, share) };
}
