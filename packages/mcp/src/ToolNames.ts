import { pairDigest } from "./internal/Digest.ts"

/** The name of the server that is part of Parley. No configured server may have it. */
export const reservedServerName = "workspace"

const maxLength = 64
const maxLabel = 32
const digestLength = 13

// The first `__` of a qualified name ends the server's part. That can only be relied on when the server's own name holds no
// `__` and does not end in `_`.
const plainServer = /^[A-Za-z0-9](?:[A-Za-z0-9-]|_(?=[A-Za-z0-9-]))*$/
const plainTool = /^[A-Za-z0-9_-]+$/
const endsLikeDigest = /_[0-9a-f]{12}$/

const legal = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, "_")

/**
 * Begins as no name does that is plain as it stands, so that what the user permits of a server by the beginning of its tools'
 * names is permitted of no other.
 */
const serverLabel = (server: string): string =>
  `-${legal(server)}`.slice(0, maxLabel).replaceAll(/_{2,}/g, "-").replace(/_$/, "-")

/**
 * The name a model uses for one tool of one server: `server__tool` where that is legal and can be taken apart again, else
 * the legal part of it and a digest of both names. A function of the two names alone, so it does not depend on which
 * server answered first, which other servers exist or in which order tools were listed. Always matches
 * `^[A-Za-z0-9_-]{1,64}$`.
 */
export const qualifiedName = (server: string, tool: string): string => {
  const isPlainServer = server.length <= maxLabel && plainServer.test(server)
  const plain = `${server}__${tool}`
  // A name that by itself ends like a digest gets one too: so no server can choose a name that some other tool was given.
  if (isPlainServer && plainTool.test(tool) && plain.length <= maxLength && !endsLikeDigest.test(plain)) return plain
  const label = isPlainServer ? server : serverLabel(server)
  return `${`${label}__${legal(tool)}`.slice(0, maxLength - digestLength)}_${pairDigest(server, tool)}`
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/**
 * Sorted by name, one tool per name. Should two digests ever collide, the pair of names that sorts first keeps the name and
 * the other tool is refused, whatever the order of the arguments.
 */
export const uniqueByName = <A extends { readonly name: string; readonly server: string; readonly tool: string }>(
  tools: ReadonlyArray<A>
): ReadonlyArray<A> =>
  tools
    .toSorted(
      (left, right) =>
        compare(left.name, right.name) || compare(left.server, right.server) || compare(left.tool, right.tool)
    )
    .filter((tool, index, sorted) => index === 0 || sorted[index - 1]?.name !== tool.name)
