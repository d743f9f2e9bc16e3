import type { Row } from "../suite.ts"

/** RELIABILITY B.5. */
export const rows: ReadonlyArray<Row> = [
  { id: "F01", fault: "not a text file of normal size", variants: 7 },
  { id: "F02", fault: "symbolic links", variants: 5 },
  { id: "F03", fault: "paths that are not simple relative paths", variants: 8 },
  { id: "F04", fault: "permissions deny access", variants: 3 },
  { id: "F05", fault: "odd names", variants: 8 },
  { id: "F06", fault: "very many files", variants: 4 },
  { id: "F07", fault: "a file changes while it is read", variants: 3 },
  { id: "F08", fault: "encodings", variants: 5 },
  { id: "F09", fault: "the workspace is moved or removed", variants: 3 }
]
