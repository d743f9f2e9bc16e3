import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Ignore from "./Ignore.ts"

/**
 * Why an ignore file could not be read. `code` is the operating system's, or one of `DiskError`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unusable {
  readonly code: string
  /** For people; continues a sentence that starts with the path. */
  readonly problem: string
}

/**
 * The content of an ignore file: its bytes, one per code unit, or `link` if it is a symbolic link.
 *
 * @since 0.1.0
 * @category models
 */
export type Content = { readonly bytes: string } | "link"

/**
 * Where ignore files are read from, and what applies beside them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E extends Unusable, R = never> {
  /** Reads an ignore file by its path relative to the root. */
  readonly load: (path: string) => Effect.Effect<Content, E, R>
  /** The rules that apply to the whole root: those of the user and of the repository that the root is in. */
  readonly outer?: Outer | undefined
}

/**
 * Rules from outside of the directories that are searched, and how the repository compares names.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outer {
  readonly scope: Ignore.Scope | undefined
  /** Git's `core.ignoreCase`. */
  readonly fold: boolean
}

/**
 * The largest ignore file that is read, in bytes, and the most patterns with wildcards in it. Each of these may be compared
 * with every name.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxBytes = 4 * 1024 * 1024
const maxWildcards = 10_000

const names = [".gitignore", ".parleyignore"]

const isAbsent = ({ code }: Unusable): boolean => ["ENOENT", "ENOTDIR", "EISDIR"].includes(code)

/**
 * The rules in the content of an ignore file, or why they cannot be applied.
 *
 * @since 0.1.0
 * @category functions
 */
export const rulesIn = (bytes: string, file: string, fold: boolean): Result.Result<Ignore.Rules, string> => {
  const rules = Ignore.parse(bytes, { file, fold })
  return rules.wildcards.length > maxWildcards
    ? Result.fail(`has more than ${maxWildcards} patterns with wildcards`)
    : Result.succeed(rules)
}

/**
 * The ignore files of a workspace, each read once. In one directory the rules of `.parleyignore` come after those of
 * `.gitignore` and override them. Git does not follow a `.gitignore` that is a link, so it has no rules here either. A file
 * whose rules cannot be known hides everything in its directory, because it may have been meant to hide a secret.
 *
 * @since 0.1.0
 * @category models
 */
export class IgnoreFiles<E extends Unusable, R = never> {
  /** Ignore files that could not be read, with the reason for people. */
  readonly skipped: Array<{ readonly path: string; readonly reason: string }> = []
  private readonly scopes = new Map<string, Ignore.Scope | undefined>()
  private readonly options: Options<E, R>

  constructor(options: Options<E, R>) {
    this.options = options
  }

  /** The rules that apply above the root's own ignore files. */
  get outer(): Ignore.Scope | undefined {
    return this.options.outer?.scope
  }

  /** The rules that apply in a directory. `has`: whether it contains a name, if it was listed; by default, try each name. */
  readonly within = Effect.fnUntraced(
    { self: this },
    function* (directory: string, above: Ignore.Scope | undefined, has: (name: string) => boolean = () => true) {
      if (this.scopes.has(directory)) return this.scopes.get(directory)
      // What cannot be known hides everything, whatever nearer files show again.
      if (above !== undefined && Ignore.isEverything(above.rules)) return above
      let scope = above
      for (const name of names.filter(has)) {
        const rules = yield* this.read(directory === "" ? name : `${directory}/${name}`)
        if (rules === undefined) continue
        scope = { directory, rules, above: scope }
        if (Ignore.isEverything(rules)) break
      }
      this.scopes.set(directory, scope)
      return scope
    }
  )

  /** The rules of a directory's parents, and in `by` the rule that ignores the directory or one of its parents, if any. */
  readonly above = Effect.fnUntraced({ self: this }, function* (segments: ReadonlyArray<string>) {
    let scope = this.outer
    for (const [i, name] of segments.entries()) {
      scope = yield* this.within(segments.slice(0, i).join("/"), scope)
      const by = Ignore.ignoredBy(scope, segments.slice(0, i + 1).join("/"), name, true)
      if (by !== undefined) return { by, scope }
    }
    return { by: undefined, scope }
  })

  private readonly read = Effect.fnUntraced({ self: this }, function* (path: string) {
    const loaded = yield* Effect.result(this.options.load(path))
    if (Result.isFailure(loaded)) return isAbsent(loaded.failure) ? undefined : this.hide(path, loaded.failure.problem)
    const content = loaded.success
    if (content === "link") {
      this.skipped.push({ path, reason: "is a symbolic link; as in git, its rules are not applied" })
      return undefined
    }
    const rules = rulesIn(content.bytes, path, this.options.outer?.fold === true)
    if (Result.isFailure(rules)) return this.hide(path, rules.failure)
    return rules.success.all.length === 0 ? undefined : rules.success
  })

  private hide(path: string, problem: string): Ignore.Rules {
    this.skipped.push({
      path,
      reason: `${problem}; it may hide secrets, so patterns find nothing in its directory and below`
    })
    return Ignore.everything(path, problem)
  }
}
