import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Document, Image } from "./Content.ts"
import type { ConfigError, ContextUnavailable, WorkspaceError } from "./Errors.ts"
import { ResourceContent } from "./McpCatalog.ts"
import { Provenance } from "./Provenance.ts"

/**
 * A text file of the workspace. `path` is relative to the workspace and uses `/` as its separator.
 *
 * @since 0.1.0
 * @category schemas
 */
export const WorkspaceFile = Schema.Struct({
  path: Schema.NonEmptyString,
  text: Schema.String,
  /**
   * Marks instructions for the model, such as `AGENTS.md`. They precede the other files and apply to the directory that
   * contains them and everything below it.
   */
  kind: Schema.optionalKey(Schema.Literal("instructions")),
  /** Why the file is in the context, for people. For example `named in .parley/context.json`. */
  why: Schema.optionalKey(Schema.String),
  /** Who wrote it. `outside` when absent, because anyone may have written the files of a workspace. */
  provenance: Schema.optionalKey(Provenance)
})
export type WorkspaceFile = typeof WorkspaceFile.Type

/**
 * The files of a context, as they were read at one time.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileSet {
  /** Sorted by path, compared by UTF-16 code units. */
  readonly files: ReadonlyArray<WorkspaceFile>
  /** Files that the configuration names and that were left out, with the reason for people. */
  readonly skipped: ReadonlyArray<{ readonly path: string; readonly reason: string }>
}

/**
 * What one mention of a message (`@path` or `@server:uri`) leads to.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Attachment = Schema.TaggedUnion({
  File: { file: WorkspaceFile },
  /** An image or a document. */
  Media: { path: Schema.NonEmptyString, block: Schema.Union([Image, Document]) },
  /** The content of an MCP server's resource, read for this message. */
  Resource: { server: Schema.NonEmptyString, uri: Schema.NonEmptyString, contents: Schema.Array(ResourceContent) },
  /** The mention names something that was not attached. `reason` is for people. */
  NotAttached: { path: Schema.NonEmptyString, reason: Schema.String }
})
export type Attachment = typeof Attachment.Type

/**
 * The media types that a model accepts besides text, each with the maximum size of one block in bytes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Accepts = Schema.Record(Schema.String, Schema.Int)
export type Accepts = typeof Accepts.Type

/**
 * What a session has to do with, besides the files that are always in its context.
 *
 * @since 0.1.0
 * @category models
 */
export interface Visits {
  /** Paths that the message mentions and that are attached. Those of directories end with `/`. */
  readonly mentioned: ReadonlyArray<string>
  /** The tool calls of the conversation, in order, with their inputs as JSON. */
  readonly calls: ReadonlyArray<{ readonly name: string; readonly input: string }>
  /** The paths of the files that the model has received. */
  readonly shown: ReadonlyArray<string>
}

/**
 * How a files manager may fail. `ContextUnavailable` is for failures that no file of the workspace caused.
 *
 * @since 0.1.0
 * @category models
 */
export type FilesError = ConfigError | WorkspaceError | ContextUnavailable

/**
 * Chooses and reads the files that requests contain. Optional: without a layer requests contain no files.
 *
 * @since 0.1.0
 * @category models
 */
export interface FilesManager {
  /**
   * The files of the context with their current content. Evaluated whenever context is built, which is once per round and on
   * compactions. A file that cannot be included is reported in `skipped`; an error fails the round.
   */
  readonly read: Effect.Effect<FileSet, FilesError>
  /**
   * As `read`, with the instructions for the places that a session has to do with. Those that were shown stay shown. Without
   * this function, `read` is used.
   */
  readonly readFor?: (visits: Visits) => Effect.Effect<FileSet, FilesError>
  /**
   * Resolves the `@path` mentions in a message's text, each path once. Mentions that name no existing file are ignored.
   * `accepts` lists the media types that the model accepts. Without this function, messages cannot mention files.
   */
  readonly attach?: (text: string, accepts: Accepts) => Effect.Effect<ReadonlyArray<Attachment>, FilesError>
  /** Called with files of `read` that the engine left out because they are too large for the model, with the reasons. */
  readonly leftOut?: (files: FileSet["skipped"]) => Effect.Effect<void>
  /** Explains to a person, in one sentence, why the context contains the path or why it does not. */
  readonly explain?: (path: string) => Effect.Effect<string, FilesError>
}

const reference = Context.Reference<FilesManager>("@parley/domain/FilesManager", {
  defaultValue: () => ({ read: Effect.succeed({ files: [], skipped: [] }) })
})

/**
 * Compares paths by UTF-16 code units, so that the order does not depend on the locale.
 *
 * @since 0.1.0
 * @category functions
 */
export const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0

/**
 * Always provides these files. Does not support mentions.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (files: ReadonlyArray<WorkspaceFile>): Layer.Layer<never> =>
  Layer.succeed(reference, { read: Effect.succeed({ files: [...files].sort(byPath), skipped: [] }) })

/**
 * The manager in use. Without a layer there are no files; `FilesManager.layerMemory` provides fixed ones.
 *
 * @since 0.1.0
 * @category constants
 */
export const FilesManager = Object.assign(reference, {
  /** Always provides these files. Does not support mentions. */
  layerMemory
})
