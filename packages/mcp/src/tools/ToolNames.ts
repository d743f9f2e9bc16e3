import { pairDigest } from "../text/Sha256.ts"

/**
 * The name of Parley's built-in server. No configured server may have it.
 *
 * @since 0.1.0
 * @category constants
 */
export const reservedServerName = "workspace"

const maxLength = 64
const maxLabel = 32
const digestLength = 13

// The first `__` of a qualified name ends the server's part. This is only reliable if the server's own name contains no `__`
// and does not end in `_`.
const plainServer = /^[A-Za-z0-9](?:[A-Za-z0-9-]|_(?=[A-Za-z0-9-]))*$/
const plainTool = /^[A-Za-z0-9_-]+$/
const endsLikeDigest = /_[0-9a-f]{12}$/

const legal = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, "_")

/**
 * The server's part of a name with a digest. It begins with `-`, as no plain server name does, so that a permission rule for
 * the prefix of one server's tools never matches the tools of another.
 */
const serverLabel = (server: string): string =>
  `-${legal(server)}`.slice(0, maxLabel).replaceAll(/_{2,}/g, "-").replace(/_$/, "-")

/**
 * The name that a model uses for one tool of one server: `server__tool` if that is legal and can be split again, otherwise
 * its legal characters and a digest of both names. It depends only on the two names, not on which server responded first,
 * which other servers exist, or in which order tools were listed. Always matches `^[A-Za-z0-9_-]{1,64}$`.
 *
 * @since 0.1.0
 * @category functions
 */
export const qualifiedName = (server: string, tool: string): string => {
  const isPlainServer = server.length <= maxLabel && plainServer.test(server)
  const plain = `${server}__${tool}`
  // A name that already ends like a digest gets one too, so that no server can choose the generated name of another tool.
  if (isPlainServer && plainTool.test(tool) && plain.length <= maxLength && !endsLikeDigest.test(plain)) return plain
  const label = isPlainServer ? server : serverLabel(server)
  return `${`${label}__${legal(tool)}`.slice(0, maxLength - digestLength)}_${pairDigest(server, tool)}`
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/**
 * Sorts tools by name and keeps one tool per name. If two digests collide, the tool whose pair of names sorts first is kept,
 * whatever the order of the input.
 *
 * @since 0.1.0
 * @category functions
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
