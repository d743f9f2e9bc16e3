import type { Case, Row } from "../suite.ts"
import { forwarded } from "./forwarded.ts"
import { opened } from "./opened.ts"
import { reached } from "./reached.ts"

export const rows: ReadonlyArray<Row> = [
  { id: "X06", fault: "shell commands in an address that the server asks to open", variants: 5 },
  { id: "X22", fault: "tokens that reach another server, or that are for another", variants: 3 },
  { id: "X23", fault: "metadata that points into private networks of the client", variants: 4 }
]

export const cases: ReadonlyArray<Case> = [...opened, ...forwarded, ...reached]
