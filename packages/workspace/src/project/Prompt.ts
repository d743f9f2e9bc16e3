import type { ConfigError } from "@parley/domain/Errors"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Withheld } from "@parley/domain/ReadFence"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as ReadBarrier from "@parley/os/ReadBarrier"
import * as SafeFile from "../disk/SafeFile.ts"
import * as HostPath from "../disk/HostPath.ts"
import * as WorkspacePaths from "../files/WorkspacePaths.ts"
import * as FileContent from "../disk/FileContent.ts"
import * as JsonFile from "../json/JsonFile.ts"
import { project } from "../config/Locations.ts"

/**
 * The size limit of a file with instructions, in bytes. A larger one is an error.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxInstructions = 256 * 1024

/**
 * The prompt of a workspace that configures nothing.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaults: SystemPrompt = {
  instructions: `You are a helpful assistant working with a user in a terminal.

Answer what was asked, plainly and briefly. Use the tools you are given when they help: look instead of guessing, and say what you found. If something is unclear and it matters, ask. If you do not know or could not do something, say so.`,
  capabilities: [],
  rules: [],
  includeWorkspaceMetadata: true,
  includeSystemInfo: true,
  includeDateTime: true,
  provenance: { instructions: "parley" }
}

const texts = Schema.String.pipe(Schema.Array, Schema.optionalKey)

/**
 * The content of `.parley/prompt.json`. A project is not trusted with any other setting.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProjectFile = Schema.Struct({
  instructions: Schema.optionalKey(
    Schema.Union([Schema.String, Schema.Struct({ file: Schema.NonEmptyString })]).annotate({
      expected: 'text, or { "file": "a path in the workspace" }'
    })
  ),
  capabilities: texts,
  rules: texts,
  includeWorkspaceMetadata: Schema.optionalKey(Schema.Boolean),
  includeSystemInfo: Schema.optionalKey(Schema.Boolean),
  includeRepository: Schema.optionalKey(Schema.Boolean),
  includeDateTime: Schema.optionalKey(Schema.Boolean)
})

/** Reads the text of a file of the workspace. Fails with a description of the problem. */
const include = Effect.fnUntraced(function* (root: string, path: string) {
  const refusal = WorkspacePaths.refusal(path, HostPath.platform)
  if (refusal !== undefined) return yield* Effect.fail(refusal)
  const { bytes } = yield* SafeFile.read(SafeFile.join(root, path), { limit: maxInstructions, within: root }).pipe(
    Effect.mapError(({ problem }) => problem)
  )
  return yield* Effect.fromResult(FileContent.decode(bytes))
})

const readWithin = Effect.fnUntraced(function* (root: string): Effect.fn.Return<SystemPrompt, ConfigError> {
  const { promptFile } = project(root)
  const document = yield* JsonFile.read({ path: promptFile, within: root }, ProjectFile)
  if (Option.isNone(document)) return defaults
  const { errorAt, value } = document.value
  const { instructions = defaults.instructions, ...rest } = value
  return {
    ...defaults,
    ...rest,
    provenance: {
      ...defaults.provenance,
      ...(value.instructions === undefined ? {} : { instructions: "outside" }),
      ...(rest.capabilities === undefined ? {} : { capabilities: "outside" }),
      ...(rest.rules === undefined ? {} : { rules: "outside" })
    },
    instructions: Predicate.isString(instructions)
      ? instructions
      : yield* include(root, instructions.file).pipe(
          Effect.mapError((problem) => errorAt(["instructions", "file"], `instructions.file: ${problem}`))
        )
  }
})

/**
 * The prompt that the project configures now: the settings of `.parley/prompt.json`, and the defaults for the rest. A file
 * that it names must be in the workspace by its real path, and must be neither withheld nor likely to contain secrets.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fn("Prompt.read")((root: string, withheld?: Withheld) =>
  ReadBarrier.make(withheld).project(readWithin(root))
)

/**
 * Reads the project's files each time the prompt is requested.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: {
  readonly root: string
  /** The files that must not be read. */
  readonly withheld?: Withheld | undefined
}): Layer.Layer<PromptManager> => Layer.succeed(PromptManager, { prompt: read(options.root, options.withheld) })
