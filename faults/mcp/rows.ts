import type { Row } from "../suite.ts"

const row = (id: string, fault: string, variants: number): Row => ({ id, fault, variants })
const alone = (row: Row): Row => ({ ...row, alone: true })

/** Part B.2 of the fault catalogue, with its counts. */
export const rows: ReadonlyArray<Row> = [
  row("M01", "a command that is missing, not executable, for another machine", 3),
  row("M02", "a server that exits at once", 3),
  row("M03", "a server that never answers initialize", 1),
  row("M04", "incompatible versions, missing capabilities", 3),
  row("M05", "noise on standard output", 5),
  row("M06", "a crash while calls run", 9),
  row("M07", "a call that hangs", 3),
  alone(row("M08", "a flood and escapes on standard error", 2)),
  alone(row("M09", "a flood of notifications, of progress, of log messages", 3)),
  row("M10", "a result that is too large", 5),
  row("M11", "invalid messages", 6),
  row("M12", "unsolicited responses", 4),
  row("M13", "a list of tools that changes within a round", 3),
  row("M14", "tool names that collide or look alike", 5),
  row("M15", "unusable schemas", 7),
  row("M16", "unusual pages of the list of tools", 3),
  row("M17", "results of all kinds", 6),
  row("M18", "a result that violates its tool's output schema", 2),
  row("M19", "requests of a server", 5),
  row("M20", "HTTP responses other than a result", 9),
  row("M21", "logins: a refresh fails, a token for another audience, dangerous discovery URLs", 4),
  row("M22", "text that is hard to store or to show", 6),
  row("M23", "a deeply nested result", 1),
  row("M24", "a server that does not want to end", 4),
  row("M25", "twenty servers, five of them broken", 1),
  row("M26", "a server that is different after a restart", 2),
  row("M27", "a server that sessions share", 1),
  row("M28", "an effect, a timeout, and then a late result", 1),
  row("M29", "a response in small pieces", 2),
  row("M30", "a server that never reads", 1)
]
