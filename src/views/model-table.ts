import { backbone } from '../model/shapes';
import type { ModelShape } from '../model/shape';
import type { Table } from '../plots/table';

/** Models side by side: every choice in which architectures differ, from their shape records. */
export function modelTable(
  models: readonly { readonly name: string; readonly backbone: { readonly shape: ModelShape } }[],
): Table {
  const titles = ['model', 'family', 'layers', 'width', 'heads', 'norm', 'positions', 'FFN', 'output', 'parameters'];
  return {
    columns: titles.map((title) => ({ title, align: title === 'parameters' || title === 'width' ? 'right' : 'left' })),
    rows: models.map(({ name, backbone: { shape } }) => [
      name.replace(/^.*\//, ''),
      shape.family,
      layers(shape),
      String(shape.width),
      heads(shape),
      `${shape.norm.kind}, ${shape.norm.place}`,
      shape.positions.kind,
      `${shape.activation} ${shape.ffnWidth}${shape.gatedFfn ? ', gated' : ''}`,
      shape.output.kind,
      backbone(shape).toLocaleString('en'),
    ]),
  };
}

function layers({ encoderLayers: e, decoderLayers: d }: ModelShape): string {
  if (e > 0 && d > 0) return `${e} + ${d}`;
  return e > 0 ? `${e} encoder` : `${d} decoder`;
}

function heads({ heads: all, keyValueHeads, headWidth }: ModelShape): string {
  return `${all} × ${headWidth}${keyValueHeads < all ? `, ${keyValueHeads} for keys` : ''}`;
}
