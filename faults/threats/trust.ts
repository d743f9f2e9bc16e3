import type { Case, Row } from "../suite.ts"
import { changed, midSession } from "./trust/changes.ts"
import { names } from "./trust/names.ts"
import { pins } from "./trust/pins.ts"
import { placed } from "./trust/placements.ts"
import { poisoned } from "./trust/poisoned.ts"
import { redirected, settings } from "./trust/settings.ts"
import { shows } from "./trust/shown.ts"

export const rows: ReadonlyArray<Row> = [
  { id: "X01", fault: "a project starts or contacts servers when it is opened", variants: 12 },
  { id: "X02", fault: "trusted once, changed later", variants: 6 },
  { id: "X03", fault: "configuration that changes while Parley runs", variants: 3 },
  { id: "X04", fault: "a project decides on its own trust", variants: 8 },
  { id: "X05", fault: "a project sends requests elsewhere", variants: 4 },
  { id: "X07", fault: "what would run is not what is shown", variants: 4 },
  { id: "X08", fault: "a server changes its tools", variants: 4 },
  { id: "X09", fault: "descriptions that hide text", variants: 4 },
  { id: "X10", fault: "servers and tools that impersonate others", variants: 3 },
  { id: "X13", fault: "annotations that are false", variants: 1 }
]

export const cases: ReadonlyArray<Case> = [
  ...placed,
  ...changed,
  ...midSession,
  ...settings,
  ...redirected,
  ...shows,
  ...pins,
  ...poisoned,
  ...names
]
