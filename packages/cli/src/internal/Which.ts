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

/** The file that a command means when it is started in `cwd` with this PATH; none where there is none. */
export const which = (command: string, cwd: string, path: string): string | undefined => {
  const places = command.includes("/") || command.includes(sep) ? [""] : path.split(delimiter)
  return places.map((place) => resolve(cwd, place, command)).find(runs)
}

/** Systems know no longer path, and a deeper one would take long to resolve. */
const longest = 4096
const deepest = 64

/** Where a path leads, as far as it exists. */
const real = (path: string): string => {
  try {
    return realpathSync.native(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(real(above), basename(path))
  }
}

/** Some systems take upper and lower case for the same. */
const within = (root: string, path: string): boolean =>
  `${path}${sep}`.toLowerCase().startsWith(root.endsWith(sep) ? root.toLowerCase() : `${root}${sep}`.toLowerCase())

/**
 * Whether a path, as seen from `cwd`, is `root` or in it, by its words or by where links lead. `root` is a real path. What
 * does not exist counts: it may exist later. A path that cannot be resolved counts too.
 */
export const leadsInto = (root: string, cwd: string, path: string): boolean => {
  const full = resolve(cwd, path)
  if (within(root, full)) return true
  return full.length > longest || full.split(sep).length > deepest || within(root, real(full))
}

/** What exists at a path in `root`, as its path from there; nothing for `root` itself. */
export const foundIn = (root: string, cwd: string, path: string): string | undefined => {
  const full = resolve(cwd, path)
  if (full.length > longest || full.split(sep).length > deepest || !existsSync(full)) return undefined
  const there = [full, real(full)].find((path) => path !== root && within(root, path))
  return there === undefined ? undefined : relative(root, there)
}

/** A directory, and those above it up to `root`. */
export const upTo = (root: string, directory: string): ReadonlyArray<string> =>
  within(root, directory) && directory !== dirname(directory) ? [directory, ...upTo(root, dirname(directory))] : []
