// What a draw came to: ok (computed and equal), refused (with the reason), wrong (other numbers without a word), fault.

const order = ['ok', 'refused', 'wrong', 'fault'];

/** One comparison. A note that something was lost is a refusal by name. @returns { state, reason? } */
export function judgedPart(part, there) {
  const { refused, fault, lossless, notes = [], gap, bar, ours, theirs } = part;
  if (fault !== undefined) return { state: 'fault', reason: fault };
  if (refused !== undefined) return { state: 'refused', reason: refused };
  if (ours !== undefined)
    return ours === theirs ? { state: 'ok' } : { state: 'wrong', reason: `${ours} here, ${theirs} there` };
  const found = part.folder === undefined ? { gap, bar } : there;
  if (found?.error !== undefined)
    return lossless
      ? { state: 'wrong', reason: `the library cannot load it: ${found.error}` }
      : { state: 'refused', reason: notes.join('; ') };
  if (found?.died !== undefined) return { state: 'invalid', reason: found.died };
  const equal = found.gap !== null && found.gap !== undefined && found.gap <= found.bar;
  if (equal) return { state: 'ok' };
  if (lossless === false) return { state: 'refused', reason: notes.join('; ') };
  return {
    state: 'wrong',
    reason: `off by ${Number(found.gap ?? NaN).toExponential(1)}, bar ${Number(found.bar).toExponential(1)}`,
  };
}

/** The first comparison says whether a draw was computed; any that is wrong or a fault speaks for the whole. */
export function judgedDraw(parts) {
  const worst = parts.reduce((a, b) => (order.indexOf(b.state) > order.indexOf(a.state) ? b : a));
  if (worst.state === 'wrong' || worst.state === 'fault') return worst;
  return parts.find(({ part }) => ['model', 'outputs', 'import'].includes(part) && true) ?? parts[0];
}

/** A reason without the numbers and names that change from draw to draw. */
export function kindOf(reason) {
  return reason
    .split('\n')[0]
    .replace(/\/\S+/g, 'PATH')
    .replace(/"[^"]*"/g, '"..."')
    .replace(/\b[\w-]*\.[\w.-]*\d[\w.-]*\b/g, 'NAME')
    .replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, 'N')
    .slice(0, 160);
}
