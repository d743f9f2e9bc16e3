import { accessSync, constants, realpathSync, statSync } from "node:fs"
import { delimiter, isAbsolute, join, resolve, sep } from "node:path"

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

/** Whether a path, as seen from `cwd`, leads to something in `root`, which is a real path. */
export const leadsInto = (root: string, cwd: string, path: string): boolean => {
  try {
    const real = realpathSync(isAbsolute(path) ? path : join(cwd, path))
    return real.startsWith(root + sep)
  } catch {
    return false
  }
}
