import type { ToolInput } from "@parley/domain/McpManager"
import { pairDigest } from "../text/Sha256.ts"
import type { Names } from "./SchemaTranslation.ts"
import { isObject, type JsonObject } from "../text/Subschemas.ts"
import { hides } from "@parley/domain/VisibleText"

/** The property names that Anthropic's Messages API accepts in a tool's input. It rejects requests with any other name. */
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
 * Maps the server's names of input properties to the names that a model is shown, where these differ. The result depends
 * only on the set of names, not on their order. A name with invisible characters is not mapped, since its tool is not
 * offered to a model at all.
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

/** Whether all properties have different shown names. */
export const areDistinct = (schema: JsonObject, names: Names): boolean => {
  const { properties } = schema
  const shown = isObject(properties) ? Object.keys(properties).map((name) => names.get(name) ?? name) : []
  return new Set(shown).size === shown.length
}

/** The input with the server's own property names. */
export const ownInput = (names: Names | undefined, input: ToolInput): ToolInput => {
  if (names === undefined || names.size === 0) return input
  const own = new Map([...names].map(([own, shown]) => [shown, own]))
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [own.get(name) ?? name, value]))
}
