import * as MentionText from "@parley/domain/MentionText"

/** A resource of an MCP server that a message names, as it is written. */
export interface ResourceMention {
  readonly server: string
  /** What may be meant, the longest first: what ends a sentence is part of a URI only if a resource is called so. */
  readonly uris: readonly [string, ...ReadonlyArray<string>]
}

export interface Split {
  readonly resources: ReadonlyArray<ResourceMention>
  /** The text without them: what is left may mention files. */
  readonly rest: string
}

/** No URI is longer, and no name in a text needs more. */
const longest = 4096

const written = MentionText.written()

/**
 * The `@server:uri` and `@"server:uri"` of a text whose server is one of `servers`, each once, in order. Everything else,
 * such as an address or a path with a colon in it, stays as it is.
 */
export const split = (text: string, servers: ReadonlySet<string>): Split => {
  const resources: Array<ResourceMention> = []
  const seen = new Set<string>()
  const rest = text.replace(written, (whole: string, inQuotes: string | undefined, token = "") => {
    const said = inQuotes ?? String(token)
    const colon = said.indexOf(":")
    const server = said.slice(0, colon)
    if (colon < 1 || whole.length > longest || !servers.has(server)) return whole
    const uri = said.slice(colon + 1)
    const [first, ...others] = inQuotes === undefined ? MentionText.shortened(uri) : [uri]
    if (first === undefined || first === "") return whole
    if (!seen.has(said)) resources.push({ server, uris: [first, ...others] })
    seen.add(said)
    return ""
  })
  return { resources, rest }
}
