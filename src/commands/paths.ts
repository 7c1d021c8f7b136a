import { relative } from 'node:path';

/** A path as the user would write it from where they are. */
export function relativePath(path: string): string {
  return relative(process.cwd(), path) || '.';
}
