import type { Row } from "../suite.ts"

// RELIABILITY B.3. S01 and S02 are tested by the crash harness: `pnpm crash`.

/** What a disk, a file or another version does. */
export const diskRows: ReadonlyArray<Row> = [
  { id: "S03", fault: "the power is lost", variants: 6 },
  { id: "S04", fault: "no space is left", variants: 4 },
  { id: "S05", fault: "reading, writing or syncing fails", variants: 3 },
  { id: "S06", fault: "another process holds the lock", variants: 3 },
  { id: "S09", fault: "the database is damaged", variants: 5 },
  { id: "S10", fault: "the path is not a regular file", variants: 5 },
  { id: "S11", fault: "the database is read-only", variants: 4 },
  { id: "S12", fault: "an older schema", variants: 4 },
  { id: "S13", fault: "a newer schema", variants: 2 },
  { id: "S14", fault: "the file system does not lock", variants: 2 },
  { id: "S15", fault: "the database is deleted or replaced while it is open", variants: 2 },
  { id: "S16", fault: "rows were edited by hand", variants: 6 }
]

/** What several processes, much data and slow operations do. */
export const loadRows: ReadonlyArray<Row> = [
  { id: "S07", fault: "two processes, one session", variants: 4 },
  { id: "S08", fault: "many processes, one database", variants: 3 },
  { id: "S17", fault: "a very large database", variants: 3 },
  { id: "S18", fault: "the disk is slow", variants: 1 },
  { id: "S19", fault: "the WAL grows because of a long-running reader", variants: 1 },
  { id: "S20", fault: "the database is copied while it is written", variants: 1 },
  { id: "S21", fault: "COMMIT fails", variants: 1 },
  { id: "S22", fault: "no file descriptor is left", variants: 2 }
]
