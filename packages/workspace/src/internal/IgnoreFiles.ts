import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Ignore from "./Ignore.ts"
import { isMissing, type Unreadable } from "./Unreadable.ts"

const names = [".gitignore", ".parleyignore"]

/**
 * The ignore files of a workspace, each read once. Those above the workspace are not ours to read. In one directory
 * `.parleyignore` comes after `.gitignore`, and so has the last word.
 */
export class IgnoreFiles {
  /** Ignore files that could not be read. */
  readonly skipped: Array<{ readonly path: string; readonly reason: string }> = []
  private readonly scopes = new Map<string, Ignore.Scope | undefined>()
  private readonly load: (path: string) => Effect.Effect<string, Unreadable>

  constructor(load: (path: string) => Effect.Effect<string, Unreadable>) {
    this.load = load
  }

  /** The rules that hold in a directory. `has` says whether a name is in it; without a listing that is found out. */
  readonly within = Effect.fnUntraced(
    { self: this },
    function* (directory: string, above: Ignore.Scope | undefined, has: (name: string) => boolean = () => true) {
      if (this.scopes.has(directory)) return this.scopes.get(directory)
      const rules: Array<Ignore.Rule> = []
      for (const name of names.filter(has)) {
        const path = directory === "" ? name : `${directory}/${name}`
        const text = yield* Effect.result(this.load(path))
        if (Result.isSuccess(text)) rules.push(...Ignore.parse(text.success, path))
        else if (!isMissing(text.failure))
          this.skipped.push({ path, reason: `${text.failure.problem}; what it leaves out is not known` })
      }
      const scope = rules.length === 0 ? above : { directory, rules, above }
      this.scopes.set(directory, scope)
      return scope
    }
  )

  /** The rules that hold above a directory, which may be ignored itself. */
  readonly above = Effect.fnUntraced({ self: this }, function* (segments: ReadonlyArray<string>) {
    let scope: Ignore.Scope | undefined
    for (const [i, name] of segments.entries()) {
      scope = yield* this.within(segments.slice(0, i).join("/"), scope)
      const by = Ignore.ignoredBy(scope, segments.slice(0, i + 1).join("/"), name, true)
      if (by !== undefined) return { by, scope }
    }
    return { by: undefined, scope }
  })
}
