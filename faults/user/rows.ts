import type { Case, Row } from "../suite.ts"
import { insists } from "./insists.ts"
import { interrupts } from "./interrupts.ts"
import { terminations } from "./terminations.ts"

export const rows: ReadonlyArray<Row> = [
  { id: "U01", fault: "SIGINT in each phase", variants: 10 },
  { id: "U02", fault: "a second SIGINT within 2 s in each phase, and an end that hangs", variants: 10 },
  { id: "U03", fault: "SIGTERM in each phase", variants: 10 },
  { id: "U04", fault: "SIGHUP in each phase", variants: 10 }
]

export const cases: ReadonlyArray<Case> = [...interrupts, ...insists, ...terminations]
