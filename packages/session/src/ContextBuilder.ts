import { Environment } from "@parley/domain/Environment"
import { type Accepts, FilesManager, type WorkspaceFile } from "@parley/domain/FilesManager"
import type { RoundId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { EventOf } from "@parley/domain/SessionEvent"
import * as Baseline from "@parley/prompt/Baseline"
import { digest } from "@parley/prompt/Digest"
import * as Pins from "@parley/prompt/Pins"
import * as RoundPart from "@parley/prompt/RoundPart"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Attachments from "./Attachments.ts"
import * as DynamicSlots from "./DynamicSlots.ts"
import type { SessionState } from "./SessionState.ts"

const digestOf = (files: ReadonlyArray<WorkspaceFile>): string =>
  digest(files.map(({ path, text }) => `${JSON.stringify(path)} ${digest(text)}`).join("\n"))

const instructionsOf = (mcp: McpManager["Service"]) => mcp.instructions ?? Effect.succeed([])

/** The stable part as it is now, with tools that are frozen. */
export const stable = Effect.fn("ContextBuilder.stable")(function* (tools: ReadonlyArray<ToolDefinition>) {
  const prompts = yield* PromptManager
  const fileManager = yield* FilesManager
  const environment = yield* Environment
  const mcp = yield* McpManager
  const [prompt, { files }, instructions] = yield* Effect.all([prompts.prompt, fileManager.read, instructionsOf(mcp)], {
    concurrency: "unbounded"
  })
  return Baseline.render({ prompt, tools, instructions, environment, files })
})

/**
 * Reads the latest state of every manager and renders it against what the session has already been told. The event it
 * returns is all that a round adds to later requests: appended, it makes them rebuildable from the log alone.
 */
export const build = Effect.fn("ContextBuilder.build")(function* <E, R>(options: {
  readonly state: SessionState
  readonly roundId: RoundId
  /** The user's words, whose mentions are attached. */
  readonly mentions: string
  /** What the model takes beside text. */
  readonly accepts: Accepts
  /** Slots of dynamic context to ask again whatever their policy says. */
  readonly refresh: ReadonlyArray<string>
  readonly run: DynamicSlots.Resolve<E, R>
}) {
  const { accepts, mentions, refresh, roundId, run, state } = options
  const prompts = yield* PromptManager
  const mcp = yield* McpManager
  const fileManager = yield* FilesManager
  const environment = yield* Environment
  const [prompt, fileSet, tools, instructions, attachments] = yield* Effect.all(
    [prompts.prompt, fileManager.read, mcp.tools, instructionsOf(mcp), Attachments.of(mentions, accepts)],
    { concurrency: "unbounded" }
  )
  const { files } = fileSet
  const dynamic = yield* DynamicSlots.resolve({ state, roundId, tools, files: digestOf(files), refresh, run })
  const now = yield* Clock.currentTimeMillis
  const rendered = Baseline.render({ prompt, tools, instructions, environment, files })
  const same = !state.refresh && state.baseline?.key === rendered.baseline.key
  const fresh = same ? undefined : rendered.baseline
  const { pins, shown } = state
  const { text } = Pins.pins(pins)
  const pinned = text === "" ? "" : digest(text)
  const tellPins = pinned !== shown.pinned
  const part = RoundPart.render({
    prompt,
    environment,
    now,
    shown: fresh?.files ?? shown.files,
    files,
    shownSlots: fresh === undefined ? shown.slots : {},
    dynamic,
    attachments,
    pins: tellPins ? pins : []
  })
  const event: EventOf<"ContextBuilt"> = {
    _tag: "ContextBuilt",
    roundId,
    ...(fresh === undefined ? {} : { baseline: fresh }),
    roundPart: part.blocks,
    files: part.files,
    slots: part.slots,
    ...(tellPins ? { pinned } : {}),
    manifest: [...(fresh === undefined ? [] : rendered.segments), ...part.segments]
  }
  return { event, prompt, files, skipped: fileSet.skipped, dynamic, tools, baselineSegments: rendered.segments }
})
