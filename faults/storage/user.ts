import { chmodSync, lchownSync, lstatSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import type { Home } from "../support/home.ts"

const nobody = 65_534

/** What of a tree belongs to us becomes the other user's, but for `except`. */
const give = (path: string, except: ReadonlySet<string>): void => {
  if (!except.has(path)) lchownSync(path, nobody, nobody)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) give(join(path, name), except)
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
