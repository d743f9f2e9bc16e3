import { isObject, type JsonObject, subschemas } from "./Subschemas.ts"

const key = "x-mcp-header"
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const types = new Set(["string", "integer", "boolean"])

/** The schemas that can be reached from the root by names of properties alone. */
const properties = (schema: JsonObject, found = new Set<JsonObject>()): ReadonlySet<JsonObject> => {
  const own = schema["properties"]
  for (const child of isObject(own) ? Object.values(own).filter(isObject) : []) {
    found.add(child)
    properties(child, found)
  }
  return found
}

/**
 * Why the headers that a schema wants arguments to be sent in are not as the protocol has them, if so. A tool with such a
 * declaration must not be offered: what it would put into a request's headers is not foreseeable.
 */
export const headerProblem = (root: JsonObject): string | undefined => {
  const reachable = properties(root)
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
