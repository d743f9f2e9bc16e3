import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { canonical } from "@parley/domain/CanonicalJson"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { sha256 } from "./internal/Digest.ts"
import type { OfferedTool } from "./ToolList.ts"

/** A tool as its server offered it when it was accepted. */
const PinnedTool = Schema.Struct({
  hash: Schema.String,
  /** What was hashed, to show what is different later; absent where it is long. */
  definition: Schema.optionalKey(Schema.Json)
})

/** The accepted tools of one server, by the server's own names for them, and its instructions as `instructionsName`. */
export const Pinned = Schema.Record(Schema.String, PinnedTool)
export type Pinned = typeof Pinned.Type

/** What is pinned cannot be read or written. */
export class PinError extends Schema.TaggedError<PinError>()("PinError", { problem: Schema.String }) {}

/** Where pins are kept. Keys are plain hexadecimal digits. */
export interface Pins {
  /** Nothing when the server was never seen. */
  readonly read: (key: string) => Effect.Effect<Pinned | undefined, PinError>
  /** Stores what `change` makes of what is stored. Changes at the same time, by whichever process, are all kept. */
  readonly update: (key: string, change: (before: Pinned | undefined) => Pinned) => Effect.Effect<void, PinError>
}

const json = Schema.decodeUnknownSync(Schema.Json)

/** One server: its name, and what is started or asked under it. Variables and headers may change, as tokens do. */
export const keyOf = (name: string, config: McpServerConfig): string =>
  sha256(
    canonical(
      "url" in config
        ? [name, "http", config.url]
        : [name, "stdio", config.command, config.cwd ?? null, ...(config.args ?? [])]
    )
  )

/** That the server has seen us with these capabilities; what is kept there says nothing more. */
export const keyAs = (key: string, as: string): string => sha256(canonical([key, as]))

const longest = 16 * 1024

const pin = ({ written, ...tool }: OfferedTool): Pinned[string] => {
  // All that the server said of it, and nothing that the user or Parley did.
  const { name: _name, safeToRepeat: _safeToRepeat, server: _server, tool: _tool, ...said } = tool
  const definition = json(written === undefined ? said : { ...said, inputSchema: written.schema })
  const text = canonical(definition)
  return { hash: sha256(text), ...(text.length > longest ? {} : { definition }) }
}

/** What a server's instructions are pinned as. No tool has this name: a tool without one is left out. */
export const instructionsName = ""

const pinInstructions = (instructions: string): Pinned[string] => {
  const definition = { instructions }
  return { hash: sha256(canonical(definition)), definition }
}

/** All that a server offers: its tools, and what it says of how they are to be used. */
export const pinAll = (tools: ReadonlyArray<OfferedTool>, instructions?: string): Pinned =>
  Object.fromEntries([
    ...(instructions === undefined ? [] : [[instructionsName, pinInstructions(instructions)] as const]),
    ...tools.map((tool) => [tool.tool, pin(tool)] as const)
  ])

/** One hash for all that a server offers. */
export const hashOf = (pinned: Pinned): string =>
  sha256(canonical(Object.fromEntries(Object.entries(pinned).map(([name, { hash }]) => [name, hash]))))

export interface Drift {
  readonly tool: string
  readonly kind: "changed" | "added"
}

/** What of the tools that are offered now was never accepted as it is. Tools that are gone are no drift. */
export const driftOf = (accepted: Pinned, offered: Pinned): ReadonlyArray<Drift> =>
  Object.entries(offered).flatMap(([tool, { hash }]) => {
    const before = Object.hasOwn(accepted, tool) ? accepted[tool] : undefined
    return before?.hash === hash ? [] : [{ tool, kind: before === undefined ? "added" : "changed" }]
  })

/** What is accepted when all that is offered now is: what is gone stays accepted, as it was, should it come back. */
export const accept = (accepted: Pinned, offered: Pinned): Pinned => ({ ...accepted, ...offered })
