import { chmodSync, lchownSync, lstatSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import type { Home } from "../../packages/harness/src/sessions/home.ts"

const nobody = 65_534

/** Changes the owner of a tree's files from this user to another one, except for those in `except`. */
const give = (path: string, except: ReadonlySet<string>, to = nobody): void => {
  if (!except.has(path)) lchownSync(path, to, to)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) give(join(path, name), except, to)
}

/** Restores the ownership, because this process does not trust a database of another user. */
export const takeBack = (here: Home): void => {
  if (process.getuid?.() === 0) for (const name of ["home", "ws"]) give(join(here.root, name), new Set(), 0)
}

/**
 * A command prefix that runs a command as a user who is subject to file permissions. Only root needs to change users; the
 * files of root's home are given to that user first.
 */
export const another = (here: Home, ...except: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (process.getuid?.() !== 0) return []
  chmodSync(dirname(here.data), 0o755)
  give(join(here.root, "home"), new Set(except))
  give(join(here.root, "ws"), new Set())
  return ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--"]
}
