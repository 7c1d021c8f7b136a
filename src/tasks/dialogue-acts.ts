import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, recordOf } from '../json';
import { packageFolder } from '../packages/content';
import { normalText } from './text';

/** An utterance of MultiWOZ without its values, by what is done with it and what it is about, in lower case. */
export interface Utterance {
  readonly id: string;
  readonly text: string;
  readonly act: string;
  readonly domain: string;
  /** Utterances that differ in their slots alone stay in one split. */
  readonly group: string;
}

const actsIn = recordOf(recordOf(v.array(v.string())));

/** The utterances of one side that do one thing only. */
export function readUtterances(side: 'user' | 'system'): readonly Utterance[] {
  const path = join(packageFolder('convlab'), `auto_${side}_template_nlg.json`);
  return utterancesIn(readJson(path, actsIn, 'bring the package anew with petl fetch'));
}

export function utterancesIn(
  acts: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
): readonly Utterance[] {
  return Object.entries(acts).flatMap(([name, slots]) => {
    const [domain = '', act = ''] = name.toLowerCase().split('-');
    return Object.entries(slots).flatMap(([names, utterances]) =>
      utterances.map((utterance, i) => {
        const text = plain(utterance);
        const group = `utterance ${normalText(text.replace(/\[\w+\]/g, ' '))}`;
        return { id: `${name} ${names} ${i + 1}`, text, act, domain, group };
      }),
    );
  });
}

/** An utterance that asks for things, with the slots that it asks for. */
export type Request = Pick<Utterance, 'id' | 'text' | 'group'> & { readonly slots: readonly string[] };

/** What both sides ask for. */
export function readRequests(): readonly Request[] {
  return (['user', 'system'] as const).flatMap((side) => {
    const path = join(packageFolder('convlab'), `auto_${side}_template_nlg.json`);
    return requestsIn(readJson(path, actsIn, 'bring the package anew with petl fetch')).map((request) => ({
      ...request,
      id: `${side} ${request.id}`,
    }));
  });
}

export function requestsIn(
  acts: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
): readonly Request[] {
  return Object.entries(acts)
    .filter(([name]) => name.endsWith('-Request'))
    .flatMap(([name, slots]) =>
      Object.keys(slots).flatMap((names) => {
        const asked = names
          .toLowerCase()
          .split(';')
          .filter((slot) => slot !== '');
        const utterances = utterancesIn({ [name]: { [names]: slots[names] ?? [] } });
        return utterances.map(({ id, text, group }) => ({ id, text, group, slots: asked }));
      }),
    );
}

/** Slots without the domain that their names give away; the spaces of a tokenised utterance before marks go. */
function plain(utterance: string): string {
  return utterance
    .replace(/#[\w -]*-(\w+)#/g, (_, slot: string) => `[${slot.toLowerCase()}]`)
    .replace(/ (?=[.,!?;:]|n't|'\w)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
