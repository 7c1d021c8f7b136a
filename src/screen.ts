/** Where progress goes: standard error, so that standard output carries results alone. */
export interface Screen {
  readonly write: (text: string) => void;
  /** Width of a terminal in which lines can be redrawn, 0 for a file or a pipe. */
  readonly columns: number;
}

export function standardError(): Screen {
  const { stderr } = process;
  return { write: (text) => void stderr.write(text), columns: stderr.isTTY ? stderr.columns : 0 };
}
