import type { ToolInput } from "@parley/domain/McpManager"
import { pairDigest } from "./internal/Digest.ts"
import type { Names } from "./SchemaMending.ts"
import { isObject, type JsonObject } from "./Subschemas.ts"
import { hides } from "./Unseen.ts"

/** What the Messages API takes as the name of a property of a tool's input. With another it refuses every request. */
const legal = /^[a-zA-Z0-9_.-]{1,64}$/
const longest = 64

const readable = (name: string): string =>
  name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-zA-Z0-9_.-]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, longest)

const withDigest = (name: string): string => `${readable(name).slice(0, longest - 13)}_${pairDigest("property", name)}`

/**
 * What the properties of an input are called for a model, by the server's names for them, as far as those differ. Nothing but
 * the set of names counts, so the order in which a server lists them changes nothing. One that a person cannot read keeps its
 * name: its tool is not shown to a model at all.
 */
export const shownNames = (schema: JsonObject): Names => {
  const { properties } = schema
  const all = isObject(properties) ? Object.keys(properties) : []
  const odd = all.filter((name) => !legal.test(name) && !hides(name))
  const taken = new Map<string, number>()
  for (const name of all) {
    const wanted = legal.test(name) ? name : readable(name)
    taken.set(wanted, (taken.get(wanted) ?? 0) + 1)
  }
  return new Map(
    odd.map((name) => {
      const wanted = readable(name)
      return [name, wanted !== "" && taken.get(wanted) === 1 ? wanted : withDigest(name)]
    })
  )
}

/** Whether no two properties are called the same. */
export const areDistinct = (schema: JsonObject, names: Names): boolean => {
  const { properties } = schema
  const shown = isObject(properties) ? Object.keys(properties).map((name) => names.get(name) ?? name) : []
  return new Set(shown).size === shown.length
}

/** An input by the names that the server knows. */
export const ownInput = (names: Names | undefined, input: ToolInput): ToolInput => {
  if (names === undefined || names.size === 0) return input
  const own = new Map([...names].map(([own, shown]) => [shown, own]))
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [own.get(name) ?? name, value]))
}
