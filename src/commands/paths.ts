import { join, relative } from 'node:path';
import { resultsFolder, type Tier } from '../experiments/store/spec';

/** A path as the user would write it from where they are. */
export function relativePath(path: string): string {
  return relative(process.cwd(), path) || '.';
}

/** Where a study's figures go. */
export function figuresFolder(tier: Tier): string {
  return tier === 'quick' ? join(resultsFolder(), 'quick', 'figures') : join(resultsFolder(), 'figures');
}
