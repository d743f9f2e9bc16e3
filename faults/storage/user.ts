import { chmodSync, lchownSync, lstatSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import type { Home } from "../support/home.ts"

const nobody = 65_534

/** What of a tree belongs to us becomes the other user's, but for `except`. */
const give = (path: string, except: ReadonlySet<string>, to = nobody): void => {
  if (!except.has(path)) lchownSync(path, to, to)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) give(join(path, name), except, to)
}

/** Takes back what was given away: this process believes no database of another user. */
export const takeBack = (here: Home): void => {
  if (process.getuid?.() === 0) for (const name of ["home", "ws"]) give(join(here.root, name), new Set(), 0)
}

/**
 * A command that runs another as a user for whom permissions count. For anybody but root they count already; root's home
 * is given away first.
 */
export const another = (here: Home, ...except: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (process.getuid?.() !== 0) return []
  chmodSync(dirname(here.data), 0o755)
  give(join(here.root, "home"), new Set(except))
  give(join(here.root, "ws"), new Set())
  return ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--"]
}
