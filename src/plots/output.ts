/** One result in several MIME types; the reader draws the richest that it knows. */
export type Bundle = Readonly<Record<string, unknown>>;

/**
 * What the figures need of a notebook kernel. The one place that knows tslab is below; another kernel is another
 * function with
 * this result.
 */
export interface Output {
  /** Shows a bundle under an id. Shown again under the same id it takes the first one's place. */
  readonly show: (bundle: Bundle, id: string) => void;
}

interface DisplayData {
  readonly data: Bundle;
  readonly metadata: object;
  readonly transient: { readonly display_id: string };
}
interface TslabJupyter {
  readonly lastWriteDisplayData: ((data: DisplayData, update: boolean) => void) | null;
}

let count = 0;

/** An id that no other output of this process has. */
export function newId(): string {
  return `petl-${process.pid}-${count++}`;
}

/** The notebook that this code runs in; undefined in a terminal or a worker. */
export function notebook(): Output | undefined {
  // Looked up, not loaded: tslab is there exactly when it is the kernel.
  const jupyter = loaded('tslab/dist/jupyter') as TslabJupyter | undefined;
  if (!jupyter?.lastWriteDisplayData) return undefined;
  const shown = new Set<string>();
  return {
    show: (data, id) => {
      // Read anew: the kernel sets it for every cell.
      jupyter.lastWriteDisplayData?.({ data, metadata: {}, transient: { display_id: id } }, shown.has(id));
      shown.add(id);
    },
  };
}

function loaded(name: string): unknown {
  try {
    return require.cache[require.resolve(name)]?.exports;
  } catch {
    return undefined;
  }
}
