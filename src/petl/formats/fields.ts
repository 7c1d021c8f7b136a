import { watched, type Watched } from '../../model/checkpoint/watched';
import { cannot } from './base';
import type { Config } from './folder';
import { some, type Notes } from './report';

export { watched, type Watched };

/** The same fields, with a library's own values for those that are missing; the given one still knows what was read. */
export function withUsual(config: Config, usual: Config): Config {
  return new Proxy(config, { get: (target, key) => (Reflect.get(target, key) as unknown) ?? usual[key as string] });
}

/**
 * Refuses fields that nothing here used and that are not known to be harmless; those that are off are named.
 * @param harmless fields that change no output
 */
export function demandUsed(
  library: string,
  { record, unread }: Watched,
  harmless: readonly string[],
  notes: Notes,
): void {
  const left = unread().filter((key) => !harmless.includes(key.replace(/\..*$/, '')));
  const on = left.find((key) => record[key] !== false);
  if (on !== undefined) throw cannot(`${library}'s ${on} = ${JSON.stringify(record[on])}`, 'nothing here computes it');
  const unknown = left.filter((key) => !switches.includes(key));
  if (unknown.length > 0) notes.note(`settings not known here, and off: ${some(unknown)}`);
}

/** Names settings that say something unusual but that nothing asked for, such as sizes of layers that are not there. */
export function noteIdle({ record, unread }: Watched, usual: Config, notes: Notes): void {
  const idle = unread().filter((key) => key in usual && record[key] !== usual[key]);
  if (idle.length > 0) notes.note(`settings without effect here: ${some(idle)}`);
}

/** Switches of the libraries that nothing here computes where they are on. */
const switches: readonly string[] = ['use_qalora'];
