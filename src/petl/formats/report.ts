/** What an import or export kept. Lossless: the adapted model computes the same on both sides. */
export interface Report {
  readonly lossless: boolean;
  readonly notes: readonly string[];
}

/** Collects a report. */
export class Notes {
  private readonly notes: string[] = [];
  private kept = true;

  /** Something worth knowing that changes no output. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** Something that changes outputs, or did not cross. */
  loss(text: string): void {
    this.kept = false;
    this.notes.push(text);
  }

  report(): Report {
    return { lossless: this.kept, notes: this.notes };
  }
}

/** Names of what was left over, a few of many. */
export function some(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
}
