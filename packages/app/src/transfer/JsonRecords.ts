import { text, type ResultContent, type UserBlock } from "@parley/domain/Content"
import * as Predicate from "effect/Predicate"
import type { ImportNotice } from "./Foreign.ts"

/** Values of JSON that a file of another program contains: each may be of any form. */
export type Json = unknown

export const field = (value: Json, name: string): Json => (Predicate.hasProperty(value, name) ? value[name] : undefined)

/** A field in fields: `at(value, "message", "content")`. */
export const at = (value: Json, ...names: ReadonlyArray<string>): Json => names.reduce(field, value)

export const stringOf = (value: Json): string | undefined =>
  typeof value === "string" ? value.toWellFormed() : undefined

export const listOf = (value: Json): ReadonlyArray<Json> => (Array.isArray(value) ? value : [])

export const countOf = (value: Json): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0

/** Milliseconds since the epoch of a number or an ISO 8601 date; 0 if it is neither. */
export const timeOf = (value: Json): number => {
  const millis = typeof value === "string" ? Date.parse(value) : Number(value)
  return Number.isFinite(millis) && Math.abs(millis) < 8.64e15 ? Math.trunc(millis) : 0
}

export const jsonOf = (value: Json): string => JSON.stringify(value ?? {})

/** A record of a file, with the number of its line. */
export interface Line {
  readonly line: number
  readonly value: Json
}

/** The records of JSON lines. A line that is not JSON is left out with a notice. */
export const linesOf = (
  content: string
): { readonly lines: ReadonlyArray<Line>; readonly notices: Array<ImportNotice> } => {
  const lines: Array<Line> = []
  const notices: Array<ImportNotice> = []
  const all = content.split(/\r?\n/)
  for (const [i, one] of all.entries()) {
    if (one.trim() === "") continue
    try {
      lines.push({ line: i + 1, value: JSON.parse(one) })
    } catch {
      const cut = i === all.length - 1 ? "it is cut off" : "it is not JSON"
      notices.push({ line: i + 1, problem: `the line is left out: ${cut}` })
    }
  }
  return { lines, notices }
}

const base64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/

const mediaBlock = (mediaType: string, data: string, name?: string): ResultContent | undefined => {
  if (!base64.test(data)) return undefined
  if (mediaType.startsWith("image/")) return { _tag: "Image", mediaType, data }
  return { _tag: "Document", mediaType, data, ...(name === undefined ? {} : { name }) }
}

/** An image or a document from base64 in a field. Undefined if it is not valid. */
export const media = (mediaType: Json, data: Json, name?: Json): ResultContent | undefined =>
  typeof mediaType === "string" && typeof data === "string" ? mediaBlock(mediaType, data, stringOf(name)) : undefined

/** The same from a `data:` address. */
export const fromDataUrl = (url: Json, name?: Json): ResultContent | undefined => {
  const parts = typeof url === "string" ? /^data:([^;,]+);base64,(.*)$/s.exec(url) : null
  return parts === null ? undefined : media(parts[1], parts[2], name)
}

/** Notices about records of which only the number matters, such as those without any conversation. */
export class Counted {
  private readonly counts = new Map<string, number>()

  add(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }

  /** One notice for all of them. */
  notice(what: string): ReadonlyArray<ImportNotice> {
    if (this.counts.size === 0) return []
    const kinds = [...this.counts].map(([kind, count]) => `${kind} (${count})`).sort()
    return [{ problem: `${what}: ${kinds.join(", ")}` }]
  }
}

/** The text, unless it is blank. */
export const textBlock = (value: Json): ReadonlyArray<UserBlock> => {
  const words = stringOf(value)
  return words === undefined || words.trim() === "" ? [] : [text(words)]
}
