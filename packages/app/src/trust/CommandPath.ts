import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs"
import { basename, delimiter, dirname, join, relative, resolve, sep } from "node:path"

const runs = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The executable that a command runs when started in `cwd` with this PATH, if there is one. */
export const which = (command: string, cwd: string, path: string): string | undefined => {
  const places = command.includes("/") || command.includes(sep) ? [""] : path.split(delimiter)
  return places.map((place) => resolve(cwd, place, command)).find(runs)
}

/** Operating systems reject longer paths, and a deeper path would take long to resolve. */
const longest = 4096
const deepest = 64

/** Resolves the links of a path, as far as the path exists. */
const real = (path: string): string => {
  try {
    return realpathSync.native(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(real(above), basename(path))
  }
}

/** Case is ignored, because some file systems do not distinguish it. */
const within = (root: string, path: string): boolean =>
  `${path}${sep}`.toLowerCase().startsWith(root.endsWith(sep) ? root.toLowerCase() : `${root}${sep}`.toLowerCase())

/**
 * Whether a path, relative to `cwd`, is `root` or inside it, literally or after resolving links. `root` is a real path.
 * Paths that do not exist count, because they may exist later. A path that cannot be resolved counts as well.
 */
export const leadsInto = (root: string, cwd: string, path: string): boolean => {
  const full = resolve(cwd, path)
  if (within(root, full)) return true
  return full.length > longest || full.split(sep).length > deepest || within(root, real(full))
}

/** A path inside `root` that exists, relative to `root`; undefined otherwise, and for `root` itself. */
export const foundIn = (root: string, cwd: string, path: string): string | undefined => {
  const full = resolve(cwd, path)
  if (full.length > longest || full.split(sep).length > deepest || !existsSync(full)) return undefined
  const there = [full, real(full)].find((path) => path !== root && within(root, path))
  return there === undefined ? undefined : relative(root, there)
}

/** A directory and its parents, up to `root`. */
export const upTo = (root: string, directory: string): ReadonlyArray<string> =>
  within(root, directory) && directory !== dirname(directory) ? [directory, ...upTo(root, dirname(directory))] : []
