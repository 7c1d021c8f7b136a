import { createHash } from 'node:crypto';
import type { Tensors } from '../engine/tf';

/**
 * SHA-256 of tensors as they are in memory now, names included, in the order of the names: equal exactly when every bit
 * is.
 */
export function tensorsHash(tensors: Tensors): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(tensors).sort()) {
    const values = tensors[name]?.dataSync();
    if (values === undefined) continue;
    hash.update(`${name}\n`).update(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
