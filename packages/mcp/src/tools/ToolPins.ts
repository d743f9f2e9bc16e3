import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { canonical } from "@parley/domain/CanonicalJson"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { sha256 } from "../text/Sha256.ts"
import type { OfferedTool } from "./ToolList.ts"

/** The definition of a tool as its server offered it when the user accepted it. */
const PinnedTool = Schema.Struct({
  hash: Schema.String,
  /** The hashed definition, so that later differences can be shown; absent if longer than 16 Ki characters. */
  definition: Schema.optionalKey(Schema.Json)
})

/**
 * The accepted tools of one server, by the server's own names for them, and its instructions as `instructionsName`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Pinned = Schema.Record(Schema.String, PinnedTool)
export type Pinned = typeof Pinned.Type

/**
 * Pinned tools cannot be read or written.
 *
 * @since 0.1.0
 * @category errors
 */
export class PinError extends Schema.TaggedError<PinError>()("PinError", { problem: Schema.String }) {}

/**
 * Stores pinned tools. Keys are plain hexadecimal digits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pins {
  /** `undefined` if nothing is stored for the key. */
  readonly read: (key: string) => Effect.Effect<Pinned | undefined, PinError>
  /** Replaces the stored value by the result of `change`, atomically: concurrent updates by other processes are not lost. */
  readonly update: (key: string, change: (before: Pinned | undefined) => Pinned) => Effect.Effect<void, PinError>
}

const json = Schema.decodeUnknownSync(Schema.Json)

/**
 * The key of one server: its name, and its command or address. Environment variables and headers are not part of it, since
 * they may change, as tokens do.
 *
 * @since 0.1.0
 * @category functions
 */
export const keyOf = (name: string, config: McpServerConfig): string =>
  sha256(
    canonical(
      "url" in config
        ? [name, "http", config.url]
        : [name, "stdio", config.command, config.cwd ?? null, ...(config.args ?? [])]
    )
  )

/**
 * The key that records that the server has seen us with these capabilities. The value stored there has no other meaning.
 *
 * @since 0.1.0
 * @category functions
 */
export const keyAs = (key: string, as: string): string => sha256(canonical([key, as]))

const longest = 16 * 1024

const pin = ({ written, ...tool }: OfferedTool): Pinned[string] => {
  // Everything that the server sent about the tool, and nothing that the user or Parley added.
  const { name: _name, safeToRepeat: _safeToRepeat, server: _server, strict: _strict, tool: _tool, ...shown } = tool
  const definition = json(written === undefined ? shown : { ...shown, inputSchema: written.schema })
  const text = canonical(definition)
  return { hash: sha256(text), ...(text.length > longest ? {} : { definition }) }
}

/**
 * The name under which a server's instructions are pinned. No tool has it, since tools without a name are left out.
 *
 * @since 0.1.0
 * @category constants
 */
export const instructionsName = ""

const pinInstructions = (instructions: string): Pinned[string] => {
  const definition = { instructions }
  return { hash: sha256(canonical(definition)), definition }
}

/**
 * Pins everything that a server offers: its tools and its instructions.
 *
 * @since 0.1.0
 * @category functions
 */
export const pinAll = (tools: ReadonlyArray<OfferedTool>, instructions?: string): Pinned =>
  Object.fromEntries([
    ...(instructions === undefined ? [] : [[instructionsName, pinInstructions(instructions)] as const]),
    ...tools.map((tool) => [tool.tool, pin(tool)] as const)
  ])

/**
 * One hash of everything that a server offers.
 *
 * @since 0.1.0
 * @category functions
 */
export const hashOf = (pinned: Pinned): string =>
  sha256(canonical(Object.fromEntries(Object.entries(pinned).map(([name, { hash }]) => [name, hash]))))

/**
 * A tool whose current definition was never accepted. `added`: no definition of it was.
 *
 * @since 0.1.0
 * @category models
 */
export interface Drift {
  readonly tool: string
  readonly kind: "changed" | "added"
}

/**
 * The offered tools whose current definition was never accepted. Removed tools are not drift.
 *
 * @since 0.1.0
 * @category functions
 */
export const driftOf = (accepted: Pinned, offered: Pinned): ReadonlyArray<Drift> =>
  Object.entries(offered).flatMap(([tool, { hash }]) => {
    const before = Object.hasOwn(accepted, tool) ? accepted[tool] : undefined
    return before?.hash === hash ? [] : [{ tool, kind: before === undefined ? "added" : "changed" }]
  })

/**
 * Accepts everything that is offered now. Removed tools stay accepted with their old definition, in case they return.
 *
 * @since 0.1.0
 * @category functions
 */
export const accept = (accepted: Pinned, offered: Pinned): Pinned => ({ ...accepted, ...offered })
