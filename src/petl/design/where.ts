import { UserError } from '../../errors';
import { sites, type Site, type Stack } from '../../model/site';
import type { Fields } from './field';
import { readings, usualReads, whyUnread } from './reads';
import type { Form, Layers, Reads, Where } from './types';
import { choice, needed, type Written } from './words';

const stackLists = ['encoder.decoder', 'encoder', 'decoder'] as const;

const layersField: Written<Layers> = {
  usual: 'all',
  others: [{ from: 1 }, [0]],
  read: (take) => layersOf(take.text('layers', 'all')),
  print: (layers) => ({
    layers: layers === 'all' ? undefined : 'from' in layers ? `from${layers.from}` : layers.join('.'),
  }),
  complete: needed,
  wrong: (layers) => {
    const listed = layersListed(layers);
    return listed === undefined || new Set(listed).size < listed.length || (layers !== 'all' && listed.length === 0)
      ? 'layers must be "all", from one on, or a list of distinct layers'
      : undefined;
  },
};

const stacksField: Written<readonly Stack[]> = {
  usual: ['encoder', 'decoder'],
  others: [['encoder'], ['decoder']],
  read: (take) => take.word('stacks', stackLists, 'encoder.decoder').split('.') as Stack[],
  print: (stacks) => ({ stacks: stacks.length === 2 ? undefined : stacks.join('.') }),
  complete: needed,
  wrong: (stacks) => {
    if (stacks.length === 0) return 'no stack is named; name encoder, decoder or both';
    return new Set(stacks).size === stacks.length && stacks.every((stack) => stack === 'encoder' || stack === 'decoder')
      ? undefined
      : `stacks are encoder, decoder or both, not ${stacks.join()}`;
  },
};

/** `+` joins methods in the written form, so readings are written without it. */
const worded = (reads: Reads): string => reads.replace('+', '&');
const readsField = (usual: Reads): Fields<Where>['reads'] => ({
  usual,
  others: readings.filter((reads) => reads !== usual && (reads === 'segment') === (usual === 'segment')),
  read: (take) =>
    readings[readings.map(worded).indexOf(take.word('reads', readings.map(worded), worded(usual)))] as Reads,
  print: (reads) => ({ reads: reads === usual ? undefined : worded(reads) }),
  complete: needed,
  wrong: (_, __, at) => whyUnread(at),
});

const siteField: Written<Site> = {
  ...choice('site', ['ffn', 'attn', ...sites.filter((site) => site !== 'ffn' && site !== 'attn')]),
  read: (take) => take.word('site', sites, 'ffn'),
  print: (site) => ({ site }),
};

/** Where a form of this kind stands and what it reads. */
export function whereFields(kind: Form['kind']): Fields<Where> {
  return { site: siteField, reads: readsField(usualReads[kind]), layers: layersField, stacks: stacksField };
}

/** The layers that are named one by one or begun at; undefined for what is no layers at all. */
export function layersListed(layers: Layers): readonly number[] | undefined {
  if (layers === 'all') return [];
  if (Array.isArray(layers)) return layers as readonly number[];
  return typeof layers === 'object' && 'from' in layers ? [layers.from] : undefined;
}

function layersOf(text: string): Layers {
  if (text === 'all') return 'all';
  const from = /^from(\d+)$/.exec(text);
  if (from) return { from: Number(from[1]) };
  return text.split('.').map((layer) => {
    if (/^\d+$/.test(layer)) return Number(layer);
    throw new UserError(`layers=${text} must be all, from2, or layers joined by points, such as 0.3.`);
  });
}
