import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { ConfigError, WorkspaceError } from "./Errors.ts"

/** A text file of the workspace. `path` is relative to the workspace, with `/`. */
export const WorkspaceFile = Schema.Struct({ path: Schema.NonEmptyString, text: Schema.String })
export type WorkspaceFile = typeof WorkspaceFile.Type

export interface FileSet {
  /** Sorted by path, code unit by code unit. */
  readonly files: ReadonlyArray<WorkspaceFile>
  /** What was asked for and left out, and why. */
  readonly skipped: ReadonlyArray<{ readonly path: string; readonly reason: string }>
}

/** Which files the model is shown. Optional: without a layer there are none. */
export interface FilesManager {
  /** The files as they are now. */
  readonly read: Effect.Effect<FileSet, ConfigError | WorkspaceError>
}
export const FilesManager = Context.Reference<FilesManager>("@parley/domain/FilesManager", {
  defaultValue: () => ({ read: Effect.succeed({ files: [], skipped: [] }) })
})

export const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0

export const layerMemory = (files: ReadonlyArray<WorkspaceFile>): Layer.Layer<never> =>
  Layer.succeed(FilesManager, { read: Effect.succeed({ files: [...files].sort(byPath), skipped: [] }) })
