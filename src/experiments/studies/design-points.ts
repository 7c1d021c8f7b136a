import type { Site } from '../../model/site';
import { combine, method as methodOf } from '../../petl/design/methods';
import type { Method, Modification, Reads } from '../../petl/design/types';
import { printPoint } from '../../petl/design/point';
import { parseMethod } from '../../petl/design/written';
import { configuration, type Configuration } from './block';

/**
 * A coarse grid over the four dimensions: every valid combination of five sites, a straight or bent bottleneck, both
 * insertion forms and
 * two compositions; for the heads also what only they have, a bottleneck for each head and prefixes, with and without
 * gate; and diagonals.
 * All but the diagonals have one size, and every bottleneck starts at the frozen model, so that initialisation is no
 * hidden fifth dimension.
 */
export interface DesignPoint {
  /** `attn.heads, relu, x, s=4` */
  readonly label: string;
  readonly site: Site;
  /** At the size that the argument names. */
  readonly at: (size: number) => Method;
}

const coarse = {
  sites: ['attn.value', 'attn.heads', 'attn', 'ffn', 'block'],
  forms: ['identity', 'relu'],
  reads: ['x', 'h'],
  scales: [undefined, 4],
} as const;

export const designPoints: readonly DesignPoint[] = [
  ...coarse.sites.flatMap((site) =>
    coarse.forms.flatMap((form) =>
      coarse.reads.flatMap((reads) => coarse.scales.map((s) => bottleneckPoint(site, form, reads, s))),
    ),
  ),
  pointOf('attn.heads', 'relu, query, each head', 'form=relu,reads=query,heads=each,init=lora,bias=no,r='),
  pointOf('attn.heads', 'prefix, gated', 'form=prefix,l='),
  pointOf('attn.heads', 'prefix, added', 'form=prefix,how=add,l='),
  pointOf('attn.value', 'diagonal, multiplied', 'form=diagonal'),
  pointOf('ffn', 'diagonal, multiplied', 'form=diagonal'),
];

function bottleneckPoint(site: Site, form: 'identity' | 'relu', reads: Reads, s: number | undefined): DesignPoint {
  const label = `${form === 'identity' ? 'linear' : form}, ${reads}, ${s === undefined ? 'add' : `s=${s}`}`;
  return pointOf(
    site,
    label,
    `form=${form},reads=${reads},init=lora${form === 'identity' ? ',bias=no' : ''}${s === undefined ? '' : `,s=${s}`},r=`,
  );
}

function pointOf(site: Site, label: string, form: string): DesignPoint {
  return {
    label: `${site}, ${label}`,
    site,
    at: (size) => everywhere(parseMethod(`point:site=${site},${form}${form.endsWith('=') ? size : ''}`)),
  };
}

/**
 * A change of self-attention also of cross-attention, as He et al. place theirs; models without cross-attention have no
 * such place.
 */
function everywhere(point: Method): Method {
  const [modification] = point.modifications as readonly [Modification];
  if (!modification.site.startsWith('attn')) return point;
  const cross = { ...modification, site: modification.site.replace('attn', 'cross') as Site };
  return combine(point, methodOf(printPoint(cross), { modifications: [cross] }));
}

/** Two points, each at half the size. */
export function pairOf(attention: DesignPoint, ffn: DesignPoint): DesignPoint {
  return {
    label: `${attention.label} + ${ffn.label}`,
    site: attention.site,
    at: (size) => combine(attention.at(Math.round(size / 2)), ffn.at(Math.round(size / 2))),
  };
}

export function configurationAt(point: DesignPoint, size: number): Configuration {
  return configuration(point.at(size).name, point.label);
}

/** Where a point modifies the model, as the pairs need it. */
export function partOf({ site }: DesignPoint): 'attention' | 'FFN' | 'block' {
  return site === 'block' ? 'block' : site.startsWith('ffn') ? 'FFN' : 'attention';
}
