import type { ConfigError } from "@parley/domain/Errors"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Withheld } from "@parley/domain/ReadFence"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Barrier from "./internal/Barrier.ts"
import * as Disk from "./internal/Disk.ts"
import * as Host from "./internal/Host.ts"
import * as Paths from "./internal/Paths.ts"
import * as Text from "./internal/Text.ts"
import * as JsonFile from "./JsonFile.ts"
import { project } from "./Locations.ts"

/** Bytes of a file with instructions; a larger one is an error. */
export const maxInstructions = 256 * 1024

/** What a workspace gets that configures nothing. */
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

/** `.parley/prompt.json`. These are all the keys there are: a project is not trusted with more. */
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
  includeDateTime: Schema.optionalKey(Schema.Boolean)
})

/** The text of a file of the workspace, or what is wrong with it. */
const include = Effect.fnUntraced(function* (root: string, path: string) {
  const refusal = Paths.refusal(path, Host.platform)
  if (refusal !== undefined) return yield* Effect.fail(refusal)
  const { bytes } = yield* Disk.read(Disk.join(root, path), { limit: maxInstructions, within: root }).pipe(
    Effect.mapError(({ problem }) => problem)
  )
  return yield* Effect.fromResult(Text.decode(bytes))
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
 * The prompt as the project configures it now: what `.parley/prompt.json` says over the defaults. Files that it names are
 * read, and must really lie in the workspace; none that is withheld or may hold secrets.
 */
export const read = Effect.fn("Prompt.read")((root: string, withheld?: Withheld) =>
  Barrier.make(withheld).project(readWithin(root))
)

/** Reads the project's files anew each time the prompt is asked for. */
export const layer = (options: {
  readonly root: string
  /** What no such file may be. */
  readonly withheld?: Withheld | undefined
}): Layer.Layer<PromptManager> => Layer.succeed(PromptManager, { prompt: read(options.root, options.withheld) })
