import { isObject, type JsonObject, subschemas } from "../text/Subschemas.ts"

const key = "x-mcp-header"
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const types = new Set(["string", "integer", "boolean"])

/** A subschema, and the path of property names that leads to it. */
interface Reached {
  readonly path: ReadonlyArray<string>
  readonly schema: JsonObject
}

/** The subschemas that can be reached from the root through `properties` alone. The root must have passed `boundJson`. */
const reached = (root: JsonObject, path: ReadonlyArray<string> = []): ReadonlyArray<Reached> => {
  const own = root["properties"]
  const found: Array<Reached> = []
  for (const [name, schema] of isObject(own) ? Object.entries(own) : []) {
    if (!isObject(schema)) continue
    const inner = [...path, name]
    found.push({ path: inner, schema })
    found.push(...reached(schema, inner))
  }
  return found
}

/** The headers in which a valid schema requires parts of the input to be repeated, with the paths of those parts. */
export const declaredHeaders = (
  root: JsonObject
): ReadonlyArray<{ readonly header: string; readonly path: ReadonlyArray<string> }> =>
  reached(root).flatMap(({ path, schema }) => {
    const header = schema[key]
    return typeof header === "string" ? [{ header, path }] : []
  })

/**
 * Why the header declarations of a schema violate the protocol; `undefined` if they do not. A tool with an invalid
 * declaration must not be offered, since it is unpredictable what a call would put into the headers of a request.
 */
export const headerProblem = (root: JsonObject): string | undefined => {
  const reachable = new Set(reached(root).map(({ schema }) => schema))
  const seen = new Set<string>()
  for (const schema of subschemas(root)) {
    if (!Object.hasOwn(schema, key)) continue
    const name = schema[key]
    if (!reachable.has(schema)) return `declares an ${key} where none may be`
    if (typeof name !== "string" || !token.test(name)) return `declares an ${key} that is no name of a header`
    const type = schema["type"]
    if (typeof type !== "string" || !types.has(type)) return `declares an ${key} for what is no simple value`
    if (seen.has(name.toLowerCase())) return `declares the same ${key} twice`
    seen.add(name.toLowerCase())
  }
  return undefined
}
