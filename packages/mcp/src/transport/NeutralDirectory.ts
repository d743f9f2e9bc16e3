import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { basename, isAbsolute, join } from "node:path"
import * as Effect from "effect/Effect"
import { UserDirectories } from "effect/persistence"
import { NotOurs, own } from "../disk/OwnDirectory.ts"

/**
 * Files that stop package managers from searching parent directories for a project: `package.json` for npm, pnpm, yarn and
 * bun, `uv.toml` for uv. So no project above this directory affects a program that is started here.
 */
const ends: ReadonlyMap<string, string> = new Map([
  ["package.json", '{ "private": true }\n'],
  ["uv.toml", ""]
])
const inside = "empty"
const leftBefore = /^left-[0-9a-f]{16}$/

const textOf = (path: string): string | undefined => {
  try {
    return fs.readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

/** Renames a file. A missing source is ignored, because another process may move the same file concurrently. */
const move = (from: string, to: string): void => {
  try {
    fs.renameSync(from, to)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error
  }
}

/**
 * Moves files that programs left here into `left-…`: they are kept, but programs that are started later do not find them.
 */
const clear = (directory: string): void => {
  const names = fs.readdirSync(directory)
  const strange = names.filter((name) => !ends.has(name) && name !== inside && !leftBefore.test(name))
  const used = names.includes(inside) && fs.readdirSync(join(directory, inside)).length > 0
  const left = [...strange, ...(used ? [inside] : [])]
  if (left.length === 0) return
  const aside = join(directory, `left-${randomBytes(8).toString("hex")}`)
  fs.mkdirSync(aside, { mode: 0o700 })
  for (const name of left) move(join(directory, name), join(aside, basename(name)))
}

const close = (directory: string): void => {
  for (const [name, text] of ends) {
    const path = join(directory, name)
    if (textOf(path) === text) continue
    const draft = join(directory, `left-${randomBytes(8).toString("hex")}`)
    fs.writeFileSync(draft, text, { flag: "wx", mode: 0o600 })
    fs.renameSync(draft, path)
  }
}

const attempt = (path: string, action: (path: string) => void) =>
  Effect.try({
    try: () => action(path),
    catch: (cause) => new NotOurs({ path, problem: cause instanceof Error ? cause.message : String(cause) })
  })

const users = UserDirectories.make()
const unknown = "is not set to an absolute path, so there is no place to start a program in; set it, or XDG_CACHE_HOME"

/** In the user's cache directory, or in the state directory if there is no cache directory. */
const byDefault = Effect.catch(users.cache("parley"), () => users.state("parley")).pipe(
  Effect.map((directory) => join(directory, "neutral")),
  Effect.mapError(() => new NotOurs({ path: "$HOME", problem: unknown }))
)

/**
 * An empty directory that belongs to this user, in which programs are started, so that they find no `node_modules` or
 * `.npmrc` of any project in their working directory. It is created if it is missing, and emptied before each use.
 */
export const neutral = Effect.fnUntraced(function* (configured: string | undefined) {
  const directory = configured ?? (yield* byDefault)
  if (!isAbsolute(directory)) return yield* new NotOurs({ path: directory, problem: "is not an absolute path" })
  yield* own(directory)
  yield* attempt(directory, clear)
  yield* attempt(directory, close)
  const empty = join(directory, inside)
  yield* own(empty)
  return empty
})
