import { join, relative, sep } from "node:path"
import { promises as fs } from "node:fs"
import { Buffer } from "node:buffer"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ConfinedFile from "./ConfinedFile.ts"
import * as GitConfig from "./GitConfig.ts"
import * as GitSettings from "./GitSettings.ts"
import * as Ignore from "./Ignore.ts"
import { type Content, IgnoreFiles, maxBytes, type Outer, rulesIn } from "./IgnoreFiles.ts"
import * as Repository from "./Repository.ts"

/**
 * The rules that apply to a whole directory, and the files of rules that could not be read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Excludes extends Outer {
  readonly skipped: ReadonlyArray<{ readonly path: string; readonly reason: string }>
}

const isAbsent = ({ code }: ConfinedFile.DiskError): boolean =>
  code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR"

/** The bytes of a file with rules, one per code unit. Undefined if there is none. With `linked`, it may be a link. */
const bytesAt = (path: string, linked: boolean, within?: string) =>
  Effect.gen(function* () {
    const isLink = linked ? false : (yield* ConfinedFile.attempt(() => fs.lstat(path))).isSymbolicLink()
    if (isLink) return undefined
    const place = yield* ConfinedFile.resolve(within, path)
    const found = yield* ConfinedFile.inspect(place)
    yield* ConfinedFile.regular(found, maxBytes)
    const { handle } = yield* ConfinedFile.open(place, found)
    const { bytes } = yield* ConfinedFile.read(handle, maxBytes)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")
  }).pipe(Effect.scoped, ConfinedFile.retryChanged)

const problemOf = ({ code, limit }: ConfinedFile.DiskError): string =>
  code === "TOO_LARGE" ? `is larger than ${limit} bytes` : `cannot be read (${code})`

/** Whether the root, or the directory above it that `rest` leads back from, is ignored. */
const ignoresRoot = (scope: Ignore.Scope | undefined, rest: ReadonlyArray<string>, name: string): boolean => {
  const length = rest.reduce((sum, segment) => sum + Ignore.bytesOf(segment).length + 1, 1)
  for (let at = scope; at !== undefined; at = at.above) {
    const rule = Ignore.deciding(at.rules, (at.below ?? "").slice(0, -length), Ignore.bytesOf(name), true)
    if (rule !== undefined) return !rule.negated && rule.unknown === undefined
  }
  return false
}

/**
 * The rules of git for a directory that its own ignore files do not contain, from general to specific: `core.excludesFile`
 * (by default `git/ignore` in the user's directory of configurations), `.git/info/exclude`, also of a worktree or a
 * submodule, and the `.gitignore` files between the top of the repository and the directory. Without a repository, only the
 * user's file applies. If the directory itself is ignored, the rules of the directories above it do not apply: it was chosen
 * as the workspace.
 *
 * Starts no program. A file that cannot be read hides everything, because it may have been meant to hide a secret. `root` is
 * a real path; `env` has the variables that say where the user's configuration is, by default those of this process.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fnUntraced(function* (
  root: string,
  env: GitSettings.Env = process.env
): Effect.fn.Return<Excludes> {
  const repository = yield* Repository.around(root)
  const settings = yield* GitSettings.settings(repository, env)
  const fold = GitConfig.isTrue(GitConfig.last(settings, "core", "ignorecase"))
  const skipped: Array<Excludes["skipped"][number]> = []
  const path = repository === undefined ? "" : relative(repository.top, root).split(sep).join("/")
  let scope: Ignore.Scope | undefined

  const add = Effect.fnUntraced(function* (file: string, below: string, linked: boolean) {
    if (scope !== undefined && Ignore.isEverything(scope.rules)) return
    const found = yield* Effect.result(bytesAt(file, linked))
    if (Result.isFailure(found) && isAbsent(found.failure)) return
    if (Result.isSuccess(found) && found.success === undefined) return
    const rules = Result.flatMap(Result.mapError(found, problemOf), (bytes = "") => rulesIn(bytes, file, fold))
    if (Result.isFailure(rules))
      skipped.push({ path: file, reason: `${rules.failure}; it may hide secrets, so patterns find nothing` })
    const known = Result.getOrElse(rules, (problem) => Ignore.everything(file, problem))
    if (known.all.length > 0) scope = { directory: "", below, rules: known, above: scope }
  })

  const below = path === "" ? "" : `${Ignore.bytesOf(path)}/`
  const configured = GitConfig.last(settings, "core", "excludesfile")
  const base = repository?.top ?? root
  const directory = GitSettings.userDirectory(env)
  const ofUser =
    configured !== undefined
      ? GitSettings.pathOf(configured, base, env)
      : directory === undefined
        ? undefined
        : join(directory, "ignore")
  // A program may run as a user who must not enter the home directory that the environment names. Then there is no such file.
  const isClosed = (file: string) =>
    Effect.match(ConfinedFile.realpath(file), { onSuccess: () => false, onFailure: ({ code }) => code === "EACCES" })
  const isMeant = ofUser !== undefined && configured !== "" && !(configured === undefined && (yield* isClosed(ofUser)))
  if (isMeant) yield* add(ofUser, below, true)
  if (repository === undefined) return { scope, fold, skipped }
  yield* add(join(repository.commonDirectory, "info", "exclude"), below, true)
  const own = scope
  const segments = path === "" ? [] : path.split("/")
  for (const [i, name] of segments.entries()) {
    const above = segments.slice(0, i)
    const rest = segments.slice(i)
    yield* add(join(repository.top, ...above, ".gitignore"), `${Ignore.bytesOf(rest.join("/"))}/`, false)
    if (ignoresRoot(scope, segments.slice(i + 1), name)) return { scope: own, fold, skipped }
  }
  return { scope, fold, skipped }
})

/**
 * A file of rules cannot be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnreadableRules extends Schema.TaggedError<UnreadableRules>()("UnreadableRules", {
  code: Schema.String,
  problem: Schema.String
}) {}

/**
 * The ignore files of a directory with the rules of git that apply to all of it, read from the disk without a cache. `root`
 * is a real path; links lead nowhere outside of it.
 *
 * @since 0.1.0
 * @category functions
 */
export const ignoreFiles = Effect.fnUntraced(function* (root: string, env: GitSettings.Env = process.env) {
  const outer = yield* read(root, env)
  const load = (path: string): Effect.Effect<Content, UnreadableRules> =>
    bytesAt(join(root, path), !path.endsWith(".gitignore"), root).pipe(
      Effect.map((bytes) => (bytes === undefined ? "link" : { bytes })),
      Effect.mapError((error) => new UnreadableRules({ code: error.code, problem: problemOf(error) }))
    )
  const files = new IgnoreFiles({ load, outer })
  files.skipped.push(...outer.skipped)
  return files
})
