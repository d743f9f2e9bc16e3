import type { Case, Row } from "../suite.ts"
import { defaultCases } from "./approvals/defaults.ts"
import { environmentCases } from "./approvals/environments.ts"
import { injectionCases } from "./approvals/injections.ts"
import { routingCases } from "./approvals/routing.ts"
import { shownCases } from "./approvals/shown.ts"

export const rows: ReadonlyArray<Row> = [
  { id: "X11", fault: "instructions in what the model reads make it act", variants: 11 },
  { id: "X12", fault: "something is approved that was not seen", variants: 4 },
  { id: "X17", fault: "secrets of the parent reach its servers", variants: 3 },
  { id: "X24", fault: "a result reaches another session", variants: 1 },
  { id: "X28", fault: "data leaves through a tool that was not approved", variants: 1 }
]

export const cases: ReadonlyArray<Case> = [
  ...injectionCases,
  ...shownCases,
  ...environmentCases,
  ...routingCases,
  ...defaultCases
]
