/** `a//b/./c` is `a/b/c`. */
export const normalise = (path: string): string =>
  path
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/")

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/**
 * Why a path from a project's file may not be used, or `undefined`. The same on every system, as project files travel;
 * only names that are harmless elsewhere are looked at on Windows alone. What passes may still be a link that leads
 * out: that is for `Disk.read` to find.
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
