import { type Drift, instructionsName, type Pinned } from "@parley/mcp/ToolPins"
import * as Schema from "effect/Schema"
import * as TextDiff from "effect/TextDiff"
import { quotedWord, visible, wholeWord } from "@parley/domain/VisibleText"

type Tool = Pinned[string]

const isDescribed = Schema.is(Schema.Struct({ description: Schema.String, inputSchema: Schema.Json }))

/** JSON with one value per line, so that a diff can compare lines. Hidden characters are made visible. */
const laid = (json: Schema.Json, indent = "  "): string => {
  if (typeof json === "string") return wholeWord(json)
  if (typeof json !== "object" || json === null) return String(json)
  const inside = `${indent}  `
  const lines = Array.isArray(json)
    ? json.map((item) => laid(item, inside))
    : Object.entries(json)
        .toSorted(([left], [right]) => (left < right ? -1 : 1))
        .map(([key, value]) => `${wholeWord(key)}: ${laid(value, inside)}`)
  const [open, close] = Array.isArray(json) ? "[]" : "{}"
  return lines.length === 0
    ? `${open}${close}`
    : `${open}\n${lines.map((line) => `${inside}${line}\n`).join("")}${indent}${close}`
}

/** A tool definition as lines of text. Line breaks in a description are kept. */
const text = (tool: Tool | undefined): string => {
  if (tool === undefined) return ""
  const { definition, hash } = tool
  if (definition === undefined) return `(too long to be stored and shown; hash ${hash})\n`
  return isDescribed(definition)
    ? `description:\n${visible(definition.description).replaceAll(/^/gm, "  ")}\nrest:\n  ${laid(Object.fromEntries(Object.entries(definition).filter(([key]) => key !== "description")))}\n`
    : `${laid(definition)}\n`
}

/** The changes of each tool as a diff, to be read before accepting them. */
export const words = (drift: ReadonlyArray<Drift>, accepted: Pinned, offered: Pinned): string =>
  drift
    .map(({ kind, tool }) => {
      const edits = TextDiff.lines(kind === "added" ? "" : text(accepted[tool]), text(offered[tool]), {
        maxEdits: 2000
      })
      const name = tool === instructionsName ? "the server's instruction text" : quotedWord(tool)
      const title = `${name} ${kind === "added" ? "is new" : "has changed"}:`
      return [title, ...TextDiff.unified(edits).trimEnd().split("\n")].join("\n  ")
    })
    .join("\n")
