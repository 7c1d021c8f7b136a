import type { Site, SitePoint } from '../model/site';
import type { Table } from '../plots/table';

/** What a visit saw at one site, without its tensors. */
export interface SiteShapes {
  readonly site: Site;
  readonly layer: number;
  /** `[N, width]` of x and h */
  readonly x: readonly number[];
  readonly h: readonly number[];
  /** What the site shows besides. */
  readonly besides: readonly string[];
}

/** Shapes at a point, to be kept when its tensors are gone. */
export function shapesOf(point: SitePoint): SiteShapes {
  const { site, layer, input, output } = point;
  const besides = (['residual', 'norm', 'attention', 'linear'] as const).filter((part) => point[part] !== undefined);
  return { site, layer, x: input.shape, h: output.shape, besides: besides.map((part) => words[part]) };
}

const words = {
  residual: 'residual',
  norm: 'norm',
  attention: 'queries, log of the attention mass',
  linear: 'W, b',
} as const;

/** One row for each site: what h is, and the shapes of x and h with their layers. */
export function siteTable(seen: readonly SiteShapes[]): Table {
  const rows = [...new Set(seen.map(({ site }) => site))].map((site) => {
    const here = seen.filter((point) => point.site === site);
    const first = here[0] as SiteShapes;
    return [
      site,
      meanings[site],
      shapeText(first.x),
      shapeText(first.h),
      String(here.length),
      first.besides.join(', '),
    ];
  });
  return {
    columns: [
      { title: 'site', align: 'left' },
      { title: 'h is', align: 'left' },
      { title: 'x', align: 'right' },
      { title: 'h', align: 'right' },
      { title: 'places', align: 'right' },
      { title: 'shown besides', align: 'left' },
    ],
    rows,
  };
}

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

const meanings: Readonly<Record<Site, string>> = {
  embedding: 'the sum of embeddings after its norm',
  'attn.query': 'queries x W_q + b',
  'attn.key': 'keys x W_k + b',
  'attn.value': 'values x W_v + b',
  'attn.heads': 'all heads side by side, before W_o',
  'attn.out': 'output of W_o; x is the heads side by side',
  attn: 'output of W_o, before residual and norm',
  'cross.query': 'queries of the decoder',
  'cross.key': 'keys of the source',
  'cross.value': 'values of the source',
  'cross.heads': 'all heads side by side, before W_o',
  'cross.out': 'output of W_o; x is the heads side by side',
  cross: 'output of W_o, before residual and norm',
  'ffn.up': 'x W_1 + b, before the activation',
  'ffn.gate': 'x W_gate + b, before the activation',
  'ffn.mid': 'after the activation',
  'ffn.down': 'output of W_2',
  ffn: 'output of the FFN, before residual and norm',
  block: 'output of the block, after residual and norm',
};
