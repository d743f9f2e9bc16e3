import { execFileSync } from "node:child_process"
import { existsSync, lstatSync, readdirSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as GitExcludes from "../../packages/os/src/GitExcludes.ts"
import * as Ignore from "../../packages/os/src/Ignore.ts"

/** Two programs disagree about a path. */
export interface Wrong {
  readonly path: string
  readonly git: string
  readonly parley: string
}

export interface Decided {
  readonly decisions: number
  readonly ignored: number
  readonly wrong: ReadonlyArray<Wrong>
}

/** Every file and directory below a root, except those of git and of nested repositories. Links are not followed. */
const entriesOf = (root: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const pending = [""]
  for (const directory of pending)
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`
      // A name that is not UTF-8 cannot be given to git as text.
      if (entry.name === ".git" || path.includes("\uFFFD")) continue
      found.push(path)
      if (entry.isDirectory() && !existsSync(join(root, path, ".git"))) pending.push(path)
    }
  return found
}

/** What git says of each path: the rule that ignores it. It is asked without its index, as it decides for new files. */
const gitDecides = (
  root: string,
  paths: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv
): ReadonlyMap<string, string> => {
  const asked = { cwd: root, env, input: paths.join("\0"), maxBuffer: 2 ** 30 } as const
  let output = ""
  try {
    output = execFileSync("git", ["check-ignore", "--no-index", "-v", "-n", "-z", "--stdin"], asked).toString("utf8")
  } catch (error) {
    // Its exit code is 1 if no path is ignored.
    if (!(error instanceof Error && "status" in error && error.status === 1 && "stdout" in error)) throw error
    output = String(error.stdout)
  }
  const fields = output.split("\0")
  const rules = new Map<string, string>()
  for (let i = 0; i + 3 < fields.length; i += 4) {
    const [source = "", line = "", pattern = "", path = ""] = fields.slice(i, i + 4)
    if (source !== "" && !pattern.startsWith("!")) rules.set(path, `${source}:${line}: ${pattern}`)
  }
  return rules
}

const parleyDecides = (root: string, paths: ReadonlyArray<string>, env: NodeJS.ProcessEnv) =>
  Effect.gen(function* () {
    const files = yield* GitExcludes.ignoreFiles(root, env)
    const rules = new Map<string, string>()
    for (const path of paths) {
      const segments = path.split("/")
      const name = segments.pop() ?? ""
      const above = yield* files.above(segments)
      const scope = above.by === undefined ? yield* files.within(segments.join("/"), above.scope) : undefined
      const isDirectory = lstatSync(join(root, path)).isDirectory()
      const by = above.by ?? Ignore.ignoredBy(scope, path, name, isDirectory)
      if (by !== undefined) rules.set(path, `${by.file}: ${by.unknown ?? by.line}`)
    }
    return rules
  })

/** Compares the decisions about everything below a root, which is the top of a repository. */
export const compare = async (root: string, env: NodeJS.ProcessEnv = process.env): Promise<Decided> => {
  const paths = entriesOf(root)
  const git = gitDecides(root, paths, env)
  const parley = await Effect.runPromise(parleyDecides(root, paths, env))
  const wrong = paths
    .filter((path) => git.has(path) !== parley.has(path))
    .map((path) => ({ path, git: git.get(path) ?? "kept", parley: parley.get(path) ?? "kept" }))
  return { decisions: paths.length, ignored: git.size, wrong }
}
