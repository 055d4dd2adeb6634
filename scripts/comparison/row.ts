/** One cell of the table: what a caller sees, in the notation of the page. */
type Cell = string;

/** What a caller of this library saw. */
export interface Outcome {
  /** How many referrers came, or the code of the error. */
  readonly answer: number | string;
  /** True where the list carries a warning. */
  readonly isWarned: boolean;
  /** Requests to the referrers endpoint, on every host together. */
  readonly apiRequests: number;
  /** What else is worth saying, such as the tag that was asked. */
  readonly remark?: string | undefined;
}

/** One thing that is really tried with this library. */
export interface Scenario {
  /** Tells the scenarios of a row apart. */
  readonly label?: string | undefined;
  /** How many referrers the right answer has. */
  readonly truth: number;
  /** True where `[]` after something else than a 404 is a decision of ours; the page marks it. */
  readonly isBeyondLetter?: boolean | undefined;
  readonly run: () => Promise<Outcome>;
}

/** One row: what a registry answers, what the four clients were seen to make of it, and what to try with ours. */
export interface Row {
  readonly title: string;
  readonly containerd: Cell;
  readonly oras: Cell;
  readonly regclient: Cell;
  readonly ggcr: Cell;
  readonly scenarios: readonly Scenario[];
}

/** Rows about one theme. */
export interface RowGroup {
  readonly heading: string;
  readonly rows: readonly Row[];
}

/** A list that is empty or short, given to the caller as if it were whole, where the specification allows no such thing. */
export function silent(text: string): Cell {
  return `**${text}**`;
}

/** The four clients' cells where they are all the same. */
export function allFour(cell: Cell): Omit<Row, 'title' | 'scenarios'> {
  return { containerd: cell, oras: cell, regclient: cell, ggcr: cell };
}
