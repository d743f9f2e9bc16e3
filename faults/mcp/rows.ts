import type { Row } from "../suite.ts"

const row = (id: string, fault: string, variants: number): Row => ({ id, fault, variants })

/** Part B.2 of the fault catalogue, with its counts: the rows whose cases are all here. */
export const rows: ReadonlyArray<Row> = [
  row("M01", "a command that is missing, not executable, of another machine", 3),
  row("M02", "a server that exits at once", 3),
  row("M03", "a server that never answers initialize", 1),
  row("M04", "versions that do not fit, missing capabilities", 3),
  row("M25", "twenty servers, five of them broken", 1)
]
