import { type Drift, instructionsName, type Pinned } from "@parley/mcp/Pins"
import * as Schema from "effect/Schema"
import * as TextDiff from "effect/TextDiff"
import { quotedWord, visible, wholeWord } from "../Visible.ts"

type Tool = Pinned[string]

const isDescribed = Schema.is(Schema.Struct({ description: Schema.String, inputSchema: Schema.Json }))

/** One value to a line, so that a diff has lines to compare; nothing in it is hidden. */
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

/** A definition as lines of text. The lines of a description stay lines. */
const text = (tool: Tool | undefined): string => {
  if (tool === undefined) return ""
  const { definition, hash } = tool
  if (definition === undefined) return `(too long to be kept and shown; hash ${hash})\n`
  return isDescribed(definition)
    ? `description:\n${visible(definition.description).replaceAll(/^/gm, "  ")}\nrest:\n  ${laid(Object.fromEntries(Object.entries(definition).filter(([key]) => key !== "description")))}\n`
    : `${laid(definition)}\n`
}

/** What is different of each tool, for a person to read before accepting it. */
export const words = (drift: ReadonlyArray<Drift>, accepted: Pinned, offered: Pinned): string =>
  drift
    .map(({ kind, tool }) => {
      const edits = TextDiff.lines(kind === "added" ? "" : text(accepted[tool]), text(offered[tool]), {
        maxEdits: 2000
      })
      const name = tool === instructionsName ? "what the server says to the model" : quotedWord(tool)
      const title = `${name} ${kind === "added" ? "is new" : "has changed"}:`
      return [title, ...TextDiff.unified(edits).trimEnd().split("\n")].join("\n  ")
    })
    .join("\n")
