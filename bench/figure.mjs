// The benchmark's figure: examples per second, three bars for each method and length, float32, first-token head.
const colours = { torchMs: '#8a8f98', sameWorkMs: '#4c78a8', shippedMs: '#e4572e' };
const names = { torchMs: 'PyTorch', sameWorkMs: 'petl-lab, same work', shippedMs: 'petl-lab, as shipped' };
const panel = { width: 330, height: 240, left: 46, top: 54, bottom: 34 };

const text = (x, y, words, extra = '') => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${words}</text>`;

export function figure(rows, precision = 'f32', head = 'first') {
  const chosen = rows.filter((row) => row.precision === precision && row.head === head);
  const lengths = [...new Set(chosen.map((row) => row.tokens))].sort((a, b) => a - b);
  const panels = lengths.map((tokens, k) =>
    drawPanel(
      chosen.filter((row) => row.tokens === tokens),
      tokens,
      k * panel.width,
    ),
  );
  const width = Math.max(1, lengths.length) * panel.width + 12;
  const height = panel.top + panel.height + panel.bottom;
  const legend = Object.entries(names).map(
    ([key, name], k) =>
      `<rect x="${46 + k * 170}" y="10" width="12" height="12" fill="${colours[key]}"/>${text(63 + k * 170, 20, name)}`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Arimo, Arial, sans-serif" font-size="11" fill="#222">` +
    `<rect width="100%" height="100%" fill="#fff"/>${legend.join('')}${panels.join('')}</svg>\n`
  );
}

function drawPanel(rows, tokens, x0) {
  const rate = (ms) => 32000 / ms;
  const tops = rows.flatMap((row) =>
    Object.keys(names)
      .map((key) => row[key])
      .filter(Boolean)
      .map(rate),
  );
  const step = niceStep(Math.max(...tops) / 4);
  const top = Math.ceil(Math.max(...tops) / step) * step;
  const y = (value) => panel.top + panel.height * (1 - value / top);
  const grid = Array.from({ length: Math.round(top / step) + 1 }, (_, k) => k * step).map(
    (value) =>
      `<line x1="${x0 + panel.left}" x2="${x0 + panel.width - 6}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>${text(x0 + panel.left - 5, y(value) + 4, value, 'text-anchor="end"')}`,
  );
  const slot = (panel.width - panel.left - 6) / rows.length;
  const groups = rows.map((row, k) => group(row, x0 + panel.left + k * slot, slot, y));
  return (
    grid.join('') +
    groups.join('') +
    text(x0 + panel.left, panel.top - 12, `32 x ${tokens} tokens: examples per second`, 'font-weight="bold"')
  );
}

function group(row, x, slot, y) {
  const bar = slot * 0.27;
  const drawn = Object.keys(names).map((key, k) => {
    if (!row[key]) return '';
    const at = x + slot * 0.1 + k * bar;
    const [low, high] = row[key + 'Ci'].map((ms) => y(32000 / ms));
    const height = y(0) - y(32000 / row[key]);
    return (
      `<rect x="${at.toFixed(1)}" y="${(y(0) - height).toFixed(1)}" width="${(bar * 0.92).toFixed(1)}" height="${height.toFixed(1)}" fill="${colours[key]}"/>` +
      `<line x1="${(at + bar / 2).toFixed(1)}" x2="${(at + bar / 2).toFixed(1)}" y1="${low.toFixed(1)}" y2="${high.toFixed(1)}" stroke="#222"/>`
    );
  });
  return drawn.join('') + text(x + slot / 2, y(0) + 15, row.method.split(':')[0], 'text-anchor="middle"');
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}
