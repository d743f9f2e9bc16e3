import * as MentionText from "@parley/domain/MentionText"

/** A mention of a resource of an MCP server, as written in a message. */
export interface ResourceMention {
  readonly server: string
  /** The possible URIs, longest first. Trailing punctuation belongs to the URI only if such a resource exists. */
  readonly uris: readonly [string, ...ReadonlyArray<string>]
}

export interface Split {
  readonly resources: ReadonlyArray<ResourceMention>
  /** The text without these mentions; it may still mention files. */
  readonly rest: string
}

/** Maximum length of a mention in UTF-16 code units; longer ones are ignored. */
const longest = 4096

const written = MentionText.written()

/**
 * Finds the mentions `@server:uri` and `@"server:uri"` whose server is one of `servers`, each once, in order. Everything
 * else, such as an e-mail address or a path that contains a colon, is left unchanged in `rest`.
 */
export const split = (text: string, servers: ReadonlySet<string>): Split => {
  const resources: Array<ResourceMention> = []
  const seen = new Set<string>()
  const rest = text.replace(written, (whole: string, inQuotes: string | undefined, token = "") => {
    const mention = inQuotes ?? String(token)
    const colon = mention.indexOf(":")
    const server = mention.slice(0, colon)
    if (colon < 1 || whole.length > longest || !servers.has(server)) return whole
    const uri = mention.slice(colon + 1)
    const [first, ...others] = inQuotes === undefined ? MentionText.shortened(uri) : [uri]
    if (first === undefined || first === "") return whole
    if (!seen.has(mention)) resources.push({ server, uris: [first, ...others] })
    seen.add(mention)
    return ""
  })
  return { resources, rest }
}
