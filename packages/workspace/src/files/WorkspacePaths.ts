import * as SafeFile from "../disk/SafeFile.ts"

/** Removes empty and `.` segments: `a//b/./c` becomes `a/b/c`. */
export const normalise = (path: string): string =>
  path
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/")

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/**
 * Why a path from a project's file is refused, or `undefined`. The rules are the same on every system, since project files
 * are shared between systems; only names that are harmless elsewhere are refused on Windows alone. An accepted path may
 * still be a link that leads out of the workspace: `SafeFile.read` checks that.
 */
export const refusal = (path: string, platform: string): string | undefined => {
  const segments = path.split(/[/\\]/)
  if (path.includes("\0")) return "refused: it contains a NUL character"
  if (path.length > 4096) return "refused: it is longer than 4096 characters"
  if (/^[/\\]/.test(path) || /^[A-Za-z]:/.test(path)) return "refused: absolute paths are not allowed"
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path)) return "refused: it is an address, not a path"
  if (path.startsWith("~")) return "refused: `~` is not expanded; a name that begins with it is written `./~…`"
  if (segments.includes("..")) return "refused: `..` is not allowed"
  if (normalise(path) === "") return "refused: it names no file"
  if (platform !== "win32") return undefined
  if (segments.some((segment) => reserved.test(segment))) return "refused: Windows reserves this name"
  if (segments.some((segment) => segment !== "." && /[. ]$|[<>:"|]/.test(segment))) {
    return "refused: Windows does not allow such a name"
  }
  return undefined
}

/** The place that paths of a person are relative to. */
export interface From {
  /** A real path. */
  readonly root: string
  /** The directory in the workspace where the command was started, with `/`; empty for the root. */
  readonly start: string
}

/** Follows `..` segments. Undefined if the path leads out of the workspace. */
export const followed = (path: string): string | undefined => {
  const kept: Array<string> = []
  for (const segment of path.split("/")) {
    if (segment === "..") {
      if (kept.pop() === undefined) return undefined
    } else if (segment !== "" && segment !== ".") kept.push(segment)
  }
  return kept.join("/")
}

/**
 * The paths in the workspace that a path of a person may mean, the likeliest first: relative to the directory where the
 * command was started, then to the workspace. `..` and absolute paths are allowed as long as they stay in the workspace.
 * The root is the empty path. None for what cannot be a path in the workspace, such as an address.
 */
export const located = (given: string, { root, start }: From, platform: string): ReadonlyArray<string> => {
  const isInside = SafeFile.isInside(root, given)
  const written = (isInside ? given.slice(root.length) : given).replace(/^[/\\]+/, isInside ? "" : "$&")
  const plain = written.replace(/(^|[/\\])\.\.(?=[/\\]|$)/g, "$1.")
  if (normalise(plain) !== "" && refusal(plain, platform) !== undefined) return []
  const tries = isInside ? [followed(written)] : [followed(`${start}/${written}`), followed(written)]
  return [...new Set(tries.filter((path) => path !== undefined))].filter(
    (path) => path === "" || refusal(path, platform) === undefined
  )
}

/** Why a path of a person cannot mean anything in the workspace. */
export const notLocated = (given: string, platform: string): string =>
  refusal(given.replace(/^(?:\.\.?[/\\])+/, ""), platform) ?? "leads out of the workspace"
