import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Nodes whose recording leaves some tens of megabytes. */
const many = 2000;

let nodes = 0;
let collect: (() => void) | undefined;

/**
 * Counts what was recorded, and lets V8 collect what large recordings leave: on its own it would first let its heap
 * grow to twice the size, which counts at a process's peak.
 */
export function leaveNodes(count: number): void {
  nodes += count;
  if (nodes < many) return;
  nodes = 0;
  collect ??= collector();
  collect();
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
