/** A place in the whole journal as clients hold it: text that only this api reads. */

/** Everything up to and including one row, in the order of the transactions that wrote the rows. */
export type Cursor = {
  /** Changes when rows leave the journal: cursors taken before mean nothing then. */
  readonly epoch: string;
  /** A transaction id of Postgres, 64 bits. */
  readonly transactionId: string;
  /** Empty: before the first row of the transaction. */
  readonly goalId: string;
  readonly number: number;
};

/** Writes a cursor as text, for `Last-Event-ID` and the database. */
export function formatCursor({ epoch, transactionId, goalId, number }: Cursor): string {
  return [epoch, transactionId, goalId, number].join('.');
}

/** Reads a cursor; undefined when the text is not one. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^([0-9a-f]{12})\.(\d{1,19})\.([0-9a-z]{26}|)\.(\d{1,9})$/.exec(text);
  if (match === null) return undefined;
  const [, epoch = '', transactionId = '', goalId = '', number] = match;
  return { epoch, transactionId, goalId, number: Number(number) };
}
