// Cells to rows, geometric means, bars and a table.
import { geometricMean } from './statistics.mjs';

const order = ['lora', 'pa-ffn', 'houlsby', 'prefix', 'mam', 'full'];
const rank = ({ method }) => order.indexOf(method.split(':')[0]);

/** peaks: GFLOP/s of plain matrix products by precision, for cells that do not hold their own. */
export function summary(cells, peaks) {
  const rows = cells
    .map((cell) => rowOf(cell, peaks))
    .sort(
      (a, b) =>
        a.precision.localeCompare(b.precision) * -1 ||
        a.head.localeCompare(b.head) ||
        rank(a) - rank(b) ||
        a.tokens - b.tokens,
    );
  const quiet = rows.filter(({ clean }) => clean); // other load hits the sides unequally: such cells decide nothing
  const geomean = means(quiet);
  return { rows, geomean, bars: bars(quiet, geomean), gemmPeakGflops: peaks, noisy: rows.length - quiet.length };
}

function rowOf(cell, peaks) {
  const { same, shipped } = cell.own;
  const rate = shipped ? (cell.gflop / shipped.ms) * 1000 : null;
  const peak = cell.gemmPeakGflops ?? peaks[cell.precision];
  return {
    method: cell.method,
    tokens: cell.tokens,
    precision: cell.precision,
    head: cell.head,
    torchMs: cell.torchMs,
    torchMsCi: cell.torchMsCi,
    torch: cell.torch,
    torchCompileMs: cell.compileMs,
    sameWorkMs: same?.ms ?? null,
    sameWorkMsCi: same?.msCi ?? null,
    sameWorkSpeedup: same?.speedup ?? null,
    sameWorkSpeedupCi: same?.speedupCi ?? null,
    shippedMs: shipped?.ms ?? null,
    shippedMsCi: shipped?.msCi ?? null,
    shippedSpeedup: shipped?.speedup ?? null,
    shippedSpeedupCi: shipped?.speedupCi ?? null,
    torchPeakMb: cell.torchPeakMb,
    peakMb: shipped?.peakMb ?? null,
    sameWorkPeakMb: same?.peakMb ?? null,
    gflop: cell.gflop,
    gflops: rate,
    gemmPeakGflops: peak,
    gemmPeakShare: rate === null ? null : rate / peak,
    lossGap: shipped ? Math.max(shipped.lossGap, same.lossGap) : null,
    lossesAgree: shipped ? shipped.lossesAgree && same.lossesAgree : null,
    clean: cell.clean,
    date: cell.date,
    commit: cell.commit,
  };
}

function means(rows) {
  const over = (precision, head, value) => {
    const found = rows
      .filter((row) => row.precision === precision && row.head === head)
      .map(value)
      .filter((x) => x !== null && x > 0);
    return found.length ? geometricMean(found) : null;
  };
  return {
    sameWorkF32: over('f32', 'first', (row) => row.sameWorkSpeedup),
    shippedF32: over('f32', 'first', (row) => row.shippedSpeedup),
    shippedF32Mean: over('f32', 'mean', (row) => row.shippedSpeedup),
    shippedBf16: over('bf16', 'first', (row) => row.shippedSpeedup),
    peakMemory: over('f32', 'first', (row) => (row.peakMb === null ? null : row.peakMb / row.torchPeakMb)),
  };
}

function bars(rows, geomean) {
  const first = rows.filter((row) => row.precision === 'f32' && row.head === 'first' && row.shippedMs !== null);
  const below = (key, bound) =>
    first.filter((row) => row[key][1] < bound).map((row) => `${row.method} x ${row.tokens}`);
  const at = (name, wanted, got, met) => ({ name, wanted, got, met: got === null ? null : met });
  const shares = rows
    .filter(
      (row) => row.precision === 'f32' && row.head === 'first' && row.tokens === 128 && row.gemmPeakShare !== null,
    )
    .map((row) => row.gemmPeakShare);
  const share = shares.length ? geometricMean(shares) : null;
  const worst = first.length ? Math.max(...first.map((row) => row.peakMb / row.torchPeakMb)) : null;
  const slowSame = below('sameWorkSpeedupCi', 0.95);
  const slowShipped = below('shippedSpeedupCi', 1.25);
  return [
    at('float32, same work, speed against PyTorch', 1.1, geomean.sameWorkF32, geomean.sameWorkF32 >= 1.1),
    at('float32, same work, cells wholly below 0.95x', 'none', first.length ? slowSame : null, slowSame.length === 0),
    at('float32, as shipped', 1.6, geomean.shippedF32, geomean.shippedF32 >= 1.6),
    at(
      'float32, as shipped, cells wholly below 1.25x',
      'none',
      first.length ? slowShipped : null,
      slowShipped.length === 0,
    ),
    at('float32, as shipped, mean pooling', 1.45, geomean.shippedF32Mean, geomean.shippedF32Mean >= 1.45),
    at("peak memory over PyTorch's, at most", 1.3, geomean.peakMemory, geomean.peakMemory <= 1.3),
    at('peak memory, worst cell, at most', 1.45, worst, worst <= 1.45),
    at('bf16, as shipped, against autocast', 1.5, geomean.shippedBf16, geomean.shippedBf16 >= 1.5),
    at('share of GEMM peak at 32 x 128, real tokens', 0.65, share, share >= 0.65),
  ];
}

export function table({ rows, geomean, bars: checks, gemmPeakGflops, machine, noisy }) {
  const number = (value, digits = 0) => (value === null || value === undefined ? '-' : value.toFixed(digits));
  const span = (ms, ci) => (ms === null ? '-' : `${number(ms)} (${number(ci[0])}-${number(ci[1])})`);
  const lines = rows.map((row) => [
    row.method,
    `32 x ${row.tokens}`,
    row.precision,
    row.head,
    span(row.torchMs, row.torchMsCi),
    span(row.sameWorkMs, row.sameWorkMsCi),
    span(row.shippedMs, row.shippedMsCi),
    `${number(row.sameWorkSpeedup, 2)}x / ${number(row.shippedSpeedup, 2)}x`,
    `${number(32000 / row.torchMs, 1)} / ${row.shippedMs ? number(32000 / row.shippedMs, 1) : '-'}`,
    `${number(row.torchPeakMb)} / ${number(row.peakMb)}`,
    `${number(row.gflops)} (${row.gemmPeakShare === null ? '-' : number(100 * row.gemmPeakShare)} %)`,
    row.torchCompileMs ? number(row.torchCompileMs) : '-',
    row.commit,
    row.clean ? '' : 'noisy',
  ]);
  const head = [
    'method',
    'batch',
    'precision',
    'head',
    'PyTorch ms',
    'same work ms',
    'as shipped ms',
    'speed same / shipped',
    'examples/s PyTorch / shipped',
    'peak MB PyTorch / shipped',
    'GFLOP/s shipped (of GEMM peak)',
    'torch.compile ms',
    'commit',
    '',
  ];
  const markdown = (cells) => `| ${cells.join(' | ')} |`;
  return [
    '# Training step against PyTorch',
    '',
    `all-MiniLM-L6-v2, batch 32, real text, lengths uniform in [T/2, T], 3 classes, Adam, dropout 0. Medians of clean steps with 95% bootstrap intervals. ` +
      `PyTorch: the better of sdpa and eager attention. Same work: padding kept, all positions. As shipped: real tokens only. ${machine.cpu}, ${machine.threads} threads; ` +
      `GEMM peak ${Object.entries(gemmPeakGflops)
        .map(([kind, rate]) => `${kind} ${number(rate)} GFLOP/s`)
        .join(', ')}.`,
    '',
    markdown(head),
    markdown(head.map(() => '---')),
    ...lines.map(markdown),
    '',
    `Geometric means${noisy ? ` (without ${noisy} noisy row${noisy > 1 ? 's' : ''})` : ''}: ${Object.entries(geomean)
      .map(([name, value]) => `${name} ${number(value, 2)}`)
      .join(', ')}.`,
    '',
    '| bar | wanted | measured | met |',
    '|---|---|---|---|',
    ...checks.map(({ name, wanted, got, met }) =>
      markdown([
        name,
        wanted,
        typeof got === 'number' ? number(got, 2) : got === null ? '-' : got.join(', ') || 'none',
        met === null ? 'not measured' : met ? 'yes' : 'no',
      ]),
    ),
    '',
  ].join('\n');
}
