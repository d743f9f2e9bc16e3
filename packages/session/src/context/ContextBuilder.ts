import { Environment } from "@parley/domain/Environment"
import { FilesManager, type Visits as VisitsOf, type WorkspaceFile } from "@parley/domain/FilesManager"
import type { RoundId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { EventOf } from "@parley/domain/SessionEvent"
import * as Baseline from "@parley/prompt/Baseline"
import { digest } from "@parley/prompt/Digest"
import * as Pins from "@parley/prompt/Pins"
import * as RoundPart from "@parley/prompt/RoundPart"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Attachments from "./Attachments.ts"
import * as EarlierFiles from "./EarlierFiles.ts"
import * as FileRoom from "./FileRoom.ts"
import * as RequestEstimate from "./RequestEstimate.ts"
import * as DynamicSlots from "./DynamicSlots.ts"
import * as WorkspaceState from "./WorkspaceState.ts"
import * as Visits from "./Visits.ts"
import type { SessionState } from "../log/SessionState.ts"

const digestOf = (files: ReadonlyArray<WorkspaceFile>): string =>
  digest(files.map(({ path, text }) => `${JSON.stringify(path)} ${digest(text)}`).join("\n"))

const instructionsOf = (mcp: McpManager["Service"]) => mcp.instructions ?? Effect.succeed([])

/** A store cannot keep half of a surrogate pair, and providers reject it. */
const wellFormed = (file: WorkspaceFile): WorkspaceFile =>
  file.path.isWellFormed() && file.text.isWellFormed()
    ? file
    : Object.assign({}, file, { path: file.path.toWellFormed(), text: file.text.toWellFormed() })

/** Reads the files, and leaves out those that are too large for the model. The manager is told, so that it can tell a user. */
const filesFor = Effect.fnUntraced(function* (model: ModelInfo, visits: () => VisitsOf) {
  const manager = yield* FilesManager
  // Visits are read from the whole conversation, so only for a manager that asks for them.
  const read = yield* manager.readFor === undefined ? manager.read : manager.readFor(visits())
  const { files, skipped } = FileRoom.fitting(read.files.map(wellFormed), RequestEstimate.limitOf(model))
  if (skipped.length > 0) yield* manager.leftOut?.(skipped) ?? Effect.void
  const others = read.skipped.map(({ path, reason }) => ({ path: path.toWellFormed(), reason: reason.toWellFormed() }))
  return { files, skipped: [...others, ...skipped] }
})

/** Renders a new baseline with the tools of the last one and the current prompt, files and instructions. */
export const stable = Effect.fn("ContextBuilder.stable")(function* (state: SessionState, model: ModelInfo) {
  const tools = state.baseline?.tools ?? []
  const prompts = yield* PromptManager
  const environment = yield* Environment
  const mcp = yield* McpManager
  const [prompt, { files }, instructions] = yield* Effect.all(
    [prompts.prompt, filesFor(model, () => Visits.of(state, [])), instructionsOf(mcp)],
    { concurrency: "unbounded" }
  )
  return Baseline.render({ prompt, tools, instructions, environment, files })
})

/** Smaller changes, in tokens, never renew a baseline: providers would not cache the difference. */
const least = 2048

/** The share of the limit above which a request counts as full, because its size is known only when it is sent. */
const full = 0.95

/**
 * Whether a new baseline with the current files makes the request smaller where that matters: what has changed is larger
 * than the whole baseline, or the request does not fit the model. Earlier content of the files is then removed from the
 * history, as after `RefreshRequested`.
 */
const outgrown = (state: SessionState, { blocks, files }: RoundPart.Rendered, limit: number | undefined): boolean => {
  const { baseline, history, shown } = state
  if (baseline === undefined) return false
  const changed = RequestEstimate.ofMessage({ role: "user", content: blocks })
  const isChanged = Object.keys(files).length > 0
  if (isChanged && changed > Math.max(RequestEstimate.ofStable(baseline), least)) return true
  const hasEarlier = Object.entries(shown.files).some(([path, hash]) => baseline.files[path] !== hash)
  if (limit === undefined || !(isChanged || hasEarlier)) return false
  const before = RequestEstimate.known(state, { ...baseline, messages: history.messages() })
  return before.tokens + changed > limit * full
}

/**
 * Reads the current state of all managers and renders what the model has not received yet. The returned event is
 * everything that the round adds to later requests; once it is appended, these can be rebuilt from the log alone.
 */
export const build = Effect.fn("ContextBuilder.build")(function* <E, R>(options: {
  readonly state: SessionState
  readonly roundId: RoundId
  /** The text whose mentions are attached. */
  readonly mentions: string
  /** The model of the round: what it accepts besides text, and how much. */
  readonly model: ModelInfo
  /** Ids of slots whose tools are called again regardless of their policies. */
  readonly refresh: ReadonlyArray<string>
  readonly run: DynamicSlots.Resolve<E, R>
}) {
  const { mentions, model, refresh, roundId, run, state } = options
  const prompts = yield* PromptManager
  const mcp = yield* McpManager
  const environment = yield* Environment
  const diffs = yield* EarlierFiles.FileDiffs
  const accepts = model.accepts ?? {}
  const mentioned = Effect.flatMap(Attachments.of(mentions, accepts), (attachments) =>
    Effect.map(
      filesFor(model, () => Visits.of(state, attachments)),
      (fileSet) => ({ attachments, fileSet })
    )
  )
  const [prompt, { attachments, fileSet }, tools, instructions] = yield* Effect.all(
    [prompts.prompt, mentioned, mcp.tools, instructionsOf(mcp)],
    { concurrency: "unbounded" }
  )
  const { files } = fileSet
  const [values, workspace] = yield* Effect.all(
    [
      DynamicSlots.resolve({ state, roundId, tools, files: digestOf(files), refresh, run }),
      WorkspaceState.read(prompt)
    ],
    { concurrency: "unbounded" }
  )
  const dynamic = WorkspaceState.before(values, workspace)
  const now = yield* Clock.currentTimeMillis
  const rendered = Baseline.render({ prompt, tools, instructions, environment, files })
  const { pins, shown } = state
  const { text } = Pins.pins(pins)
  const pinned = text === "" ? "" : digest(text)
  const tellPins = pinned !== shown.pinned
  const partAfter = (baseline: typeof rendered.baseline | undefined) =>
    RoundPart.render({
      prompt,
      environment,
      now,
      shown: baseline?.files ?? shown.files,
      files,
      earlier: baseline === undefined && diffs ? EarlierFiles.of(state) : undefined,
      shownSlots: baseline === undefined ? shown.slots : {},
      dynamic,
      attachments,
      pins: tellPins ? pins : []
    })
  const isSame = !state.refresh && state.baseline?.key === rendered.baseline.key
  const added = partAfter(isSame ? undefined : rendered.baseline)
  const fresh = isSame && !outgrown(state, added, RequestEstimate.limitOf(model)) ? undefined : rendered.baseline
  const part = isSame && fresh !== undefined ? partAfter(fresh) : added
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
