import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Document, Image } from "./Content.ts"
import type { ConfigError, WorkspaceError } from "./Errors.ts"
import { ResourceContent } from "./McpOffers.ts"
import { Provenance } from "./Provenance.ts"

/** A text file of the workspace. `path` is relative to the workspace, with `/`. */
export const WorkspaceFile = Schema.Struct({
  path: Schema.NonEmptyString,
  text: Schema.String,
  /** Instructions for whoever works here, such as AGENTS.md: they stand before the other files, and count for what is in their directory. */
  kind: Schema.optionalKey(Schema.Literal("instructions")),
  /** Why it is shown, for a person: `named in .parley/context.json`. */
  why: Schema.optionalKey(Schema.String),
  /** Who wrote it: `outside` when absent, as what is in a workspace may be anybody's. */
  provenance: Schema.optionalKey(Provenance)
})
export type WorkspaceFile = typeof WorkspaceFile.Type

export interface FileSet {
  /** Sorted by path, code unit by code unit. */
  readonly files: ReadonlyArray<WorkspaceFile>
  /** What was asked for and left out, and why. */
  readonly skipped: ReadonlyArray<{ readonly path: string; readonly reason: string }>
}

/** What a message's `@path` leads to, or its `@server:uri`. */
export const Attachment = Schema.TaggedUnion({
  File: { file: WorkspaceFile },
  /** Something to be seen, not read. */
  Media: { path: Schema.NonEmptyString, block: Schema.Union([Image, Document]) },
  /** What a resource of an MCP server holds, as it was read for this message. */
  Resource: { server: Schema.NonEmptyString, uri: Schema.NonEmptyString, contents: Schema.Array(ResourceContent) },
  /** It names something that is not attached, and a person should know why. */
  NotAttached: { path: Schema.NonEmptyString, reason: Schema.String }
})
export type Attachment = typeof Attachment.Type

/** What a model takes beside text: by media type, how many bytes one of them may have. */
export const Accepts = Schema.Record(Schema.String, Schema.Int)
export type Accepts = typeof Accepts.Type

/** Which files the model is shown. Optional: without a layer there are none. */
export interface FilesManager {
  /** The files as they are now. */
  readonly read: Effect.Effect<FileSet, ConfigError | WorkspaceError>
  /** What the `@path` mentions of a message lead to, each path once. Empty for words that name nothing here. */
  readonly attach?: (
    text: string,
    accepts: Accepts
  ) => Effect.Effect<ReadonlyArray<Attachment>, ConfigError | WorkspaceError>
  /** Why the path is shown, or is not, in one sentence for a person. */
  readonly explain?: (path: string) => Effect.Effect<string, ConfigError | WorkspaceError>
}
export const FilesManager = Context.Reference<FilesManager>("@parley/domain/FilesManager", {
  defaultValue: () => ({ read: Effect.succeed({ files: [], skipped: [] }) })
})

export const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0

export const layerMemory = (files: ReadonlyArray<WorkspaceFile>): Layer.Layer<never> =>
  Layer.succeed(FilesManager, { read: Effect.succeed({ files: [...files].sort(byPath), skipped: [] }) })
