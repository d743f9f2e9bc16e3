import type * as Effect from "effect/Effect"

/**
 * Whether an entry of one directory is ignored, by its name and whether it is a directory.
 *
 * @since 0.1.0
 * @category models
 */
export type Ignores = (name: string, isDirectory: boolean) => boolean

/**
 * One look at the ignore files of a workspace. Each is read at most once in it. Paths are relative to it, with `/`.
 *
 * @since 0.1.0
 * @category models
 */
export interface IgnoreLook {
  /**
   * The rules in a directory. Its parents come first, down from the directory where the look begins; of one that is
   * ignored itself, nothing in it is ignored, because the caller has named it. `has`: whether the directory has an entry of
   * this name.
   */
  readonly within: (directory: string, has: (name: string) => boolean) => Effect.Effect<Ignores>
  /** The ignore files that could not be read so far, and why. */
  readonly unreadable: () => ReadonlyArray<{ readonly path: string; readonly reason: string }>
}

/**
 * What the ignore files of a workspace, such as `.gitignore`, leave out of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface IgnoreRules {
  readonly begin: Effect.Effect<IgnoreLook>
}
