import type { PromptArgument, PromptInfo, ResourceInfo, ResourceTemplateInfo } from "@parley/domain/McpCatalog"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { plainLine, wellFormed } from "@parley/domain/VisibleText"
import { cut } from "../text/Cut.ts"
import { explainLeftOut, type LeftOut } from "../tools/ToolList.ts"

const uriLength = 2048
const nameLength = 128
const labelLength = 200
const descriptionBytes = 2 * 1024
const maxArguments = 100

const maybe = Schema.optionalKey(Schema.Unknown)
const labels = { title: maybe, description: maybe, mimeType: maybe }
const decodeResource = Schema.decodeUnknownOption(
  Schema.Struct({ uri: Schema.NonEmptyString, name: maybe, size: maybe, ...labels })
)
const decodeTemplate = Schema.decodeUnknownOption(
  Schema.Struct({ uriTemplate: Schema.NonEmptyString, name: maybe, ...labels })
)
const decodePrompt = Schema.decodeUnknownOption(
  Schema.Struct({ name: Schema.NonEmptyString, arguments: maybe, ...labels })
)
const decodeArgument = Schema.decodeUnknownOption(
  Schema.Struct({ name: Schema.NonEmptyString, required: maybe, ...labels })
)
const isSize = Schema.is(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))

const described = (value: unknown): string | undefined => {
  if (typeof value !== "string" || value.trim() === "") return undefined
  const short = cut(wellFormed(value), descriptionBytes)
  return short.leftOut === 0 ? short.text : `${short.text} [… ${short.leftOut} more bytes]`
}
const label = (value: unknown): string | undefined => {
  const line = typeof value === "string" ? plainLine(value, labelLength) : ""
  return line === "" ? undefined : line
}

/** The labels of an entry that are not empty. */
const labelled = (entry: { readonly [L in keyof typeof labels]?: unknown }) => {
  const title = label(entry.title)
  const description = described(entry.description)
  const mimeType = label(entry.mimeType)
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(mimeType === undefined ? {} : { mimeType })
  }
}

/** Names and URIs must be displayable, typable and sent back unchanged: no invisible characters, and a bounded length. */
const isPlain = (text: string, max: number): boolean => text.length <= max && plainLine(text, max) === text

/** The well-formed entries, and a note about the entries that were left out. */
export interface Read<A> {
  readonly items: ReadonlyArray<A>
  readonly note: string | undefined
}

/** One entry with the name that must be unique, or the reason why it is left out. */
type Entry<A> =
  | { readonly name: string; readonly item: A }
  | { readonly name: string | undefined; readonly why: string }

const readAll =
  <A>(noun: string, read: (entry: unknown) => Entry<A>) =>
  (entries: ReadonlyArray<unknown>): Read<A> => {
    const items = new Map<string, A>()
    const leftOut: Array<LeftOut> = []
    entries.forEach((entry, index) => {
      const found = read(entry)
      const refuse = (why: string) =>
        leftOut.push({ tool: found.name === undefined ? `number ${index + 1}` : plainLine(found.name, 80), why })
      if ("why" in found) refuse(found.why)
      else if (items.has(found.name)) refuse(`another ${noun} of this server has the same name`)
      else items.set(found.name, found.item)
    })
    const sorted = [...items].sort(([left], [right]) => (left < right ? -1 : 1))
    return { items: sorted.map(([, item]) => item), note: explainLeftOut(leftOut, noun) }
  }

/** Reads the entries of `resources/list`. A malformed entry is left out and does not affect the others. */
export const readResources = (server: string) =>
  readAll<ResourceInfo>("resource", (value) => {
    const entry = Option.getOrUndefined(decodeResource(value))
    if (entry === undefined) return { name: undefined, why: "it has no URI" }
    const { name, size, uri } = entry
    if (!isPlain(uri, uriLength)) return { name: uri, why: "its URI is too long or contains invisible characters" }
    const sized = isSize(size) ? { size } : {}
    return { name: uri, item: { server, uri, name: label(name) ?? uri, ...labelled(entry), ...sized } }
  })

/** The same for `resources/templates/list`. */
export const readTemplates = (server: string) =>
  readAll<ResourceTemplateInfo>("resource template", (value) => {
    const entry = Option.getOrUndefined(decodeTemplate(value))
    if (entry === undefined) return { name: undefined, why: "it has no URI template" }
    const { name, uriTemplate } = entry
    if (!isPlain(uriTemplate, uriLength))
      return { name: uriTemplate, why: "its URI template is too long or contains invisible characters" }
    return { name: uriTemplate, item: { server, uriTemplate, name: label(name) ?? uriTemplate, ...labelled(entry) } }
  })

const argumentOf = (value: unknown): ReadonlyArray<PromptArgument> => {
  const entry = Option.getOrUndefined(decodeArgument(value))
  if (entry === undefined || !isPlain(entry.name, nameLength)) return []
  const { mimeType: _mimeType, ...labels } = labelled(entry)
  return [{ name: entry.name, required: entry.required === true, ...labels }]
}

/** The same for `prompts/list`. A prompt with an unusable argument name is left out, because it could not be used fully. */
export const readPrompts = (server: string) =>
  readAll<PromptInfo>("prompt", (value) => {
    const entry = Option.getOrUndefined(decodePrompt(value))
    if (entry === undefined) return { name: undefined, why: "it has no name" }
    const { name } = entry
    if (!isPlain(name, nameLength)) return { name, why: "its name is too long or contains invisible characters" }
    const declared: ReadonlyArray<unknown> = Array.isArray(entry.arguments) ? entry.arguments : []
    if (declared.length > maxArguments) return { name, why: `it has more than ${maxArguments} arguments` }
    const args = declared.flatMap(argumentOf)
    if (args.length !== declared.length || new Set(args.map((arg) => arg.name)).size !== args.length)
      return { name, why: "one of its arguments has no usable name, or the same name as another" }
    const { mimeType: _mimeType, ...labels } = labelled(entry)
    return { name, item: { server, name, arguments: args, ...labels } }
  })
