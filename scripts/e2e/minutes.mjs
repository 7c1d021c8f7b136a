// What a run of these checks measures, as results/lab/minutes.json keeps it.
import { availableParallelism, cpus } from 'node:os';

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The median of what the kernels of a server said, in seconds (scripts/notebook/ready.cjs); undefined of none. */
export function readySeconds(said) {
  const seconds = [...said.matchAll(/^TypeScript kernel ready in ([\d.]+) s$/gm)].map(([, value]) => Number(value));
  return seconds.length === 0 ? undefined : Number(median(seconds).toFixed(1));
}

/** What was kept before, with what was measured now in its place: a run of a few parts loses nothing of the others. */
export function kept(before, { names, took, kernel, report }) {
  const seconds = { ...before.notebooks, ...took };
  const ready = kernel ?? before.kernel?.seconds;
  const page = report ?? before.report;
  return {
    what: 'seconds from Run All Cells to the end of the last cell, in JupyterLab in Chromium',
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() },
    notebooks: Object.fromEntries(names.flatMap((name) => (seconds[name] ? [[name, seconds[name]]] : []))),
    ...(ready === undefined
      ? {}
      : { kernel: { what: 'median seconds from the start of a kernel to its ready line', seconds: ready } }),
    ...(page === undefined
      ? {}
      : {
          report: {
            what: 'milliseconds to the first paint of the page of all results, and its bytes',
            paint: Math.round(page.paint),
            bytes: page.bytes,
          },
        }),
  };
}
