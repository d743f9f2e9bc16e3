import type { Reservation } from "@parley/domain/BudgetLedger"
import { DynamicContextManager, DynamicSlot } from "@parley/domain/DynamicContextManager"
import { CapReached, ConfigError, ContextUnavailable, StorageError, WorkspaceError } from "@parley/domain/Errors"
import { Environment } from "@parley/domain/Environment"
import { Attachment, FilesManager, WorkspaceFile } from "@parley/domain/FilesManager"
import { ApprovalScope } from "@parley/domain/Question"
import type { PromptManager } from "@parley/domain/PromptManager"
import { SystemPrompt } from "@parley/domain/SystemPrompt"
import { type ApprovalRequest, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Budget, type BudgetSettings } from "../limits/Budget.ts"
import { CompactionSettings } from "../limits/CompactionSettings.ts"
import { Fallbacks } from "../limits/Fallbacks.ts"
import { Limits } from "../limits/Limits.ts"
import type { Settings } from "./RecordedSettings.ts"
import type { Tape } from "./Tape.ts"
import * as Codecs from "./TapeCodecs.ts"

const PromptError = Schema.Union([ConfigError, ContextUnavailable])
const FilesError = Schema.Union([ConfigError, WorkspaceError, ContextUnavailable])
const BudgetError = Schema.Union([CapReached, StorageError])
const systemPrompt = Codecs.of(SystemPrompt, PromptError)
const Skipped = Schema.Struct({ path: Schema.String, reason: Schema.String }).pipe(Schema.Array)
const fileSet = Codecs.of(Schema.Struct({ files: Schema.Array(WorkspaceFile), skipped: Skipped }), FilesError)
const attachments = Codecs.of(Schema.Array(Attachment), FilesError)
const slots = Codecs.of(Schema.Array(DynamicSlot), PromptError)
const state = Schema.String.pipe(Schema.NullOr, Codecs.safe)
const Decision = Schema.Union([
  Schema.Struct({ allowed: Schema.Literal(true), scope: Schema.optionalKey(ApprovalScope) }),
  Schema.Struct({ allowed: Schema.Literal(false), reason: Schema.String })
])
const decision = Codecs.safe(Decision)
const withoutAsking = Codecs.safe(Schema.Union([Decision, Schema.Literal("park"), Schema.Null]))
const reservation = Codecs.of(
  Schema.Struct({ id: Schema.String, day: Schema.Int, workspace: Schema.String, nanos: Schema.Int }),
  BudgetError
)
const settled = Codecs.of(Schema.Void, StorageError)
const spent = Codecs.of(Schema.Struct({ day: Schema.Finite, workspace: Schema.Finite }), StorageError)

/** The system prompt, recorded. */
export const prompt = (tape: Tape, prompts: PromptManager["Service"]): PromptManager["Service"] => ({
  prompt: tape.call({ op: "prompt" }, prompts.prompt, systemPrompt)
})

/** The files, recorded. `has` says what the recorded manager supports. */
const files = (tape: Tape, manager: FilesManager, { attaches }: Settings): FilesManager => ({
  read: tape.call({ op: "files" }, manager.read, fileSet),
  readFor: (visits) =>
    tape.call({ op: "files" }, manager.readFor === undefined ? manager.read : manager.readFor(visits), fileSet),
  leftOut: (skipped) => (tape.port.isReplay ? Effect.void : (manager.leftOut?.(skipped) ?? Effect.void)),
  ...(attaches
    ? {
        attach: (text, accepts) =>
          tape.call(
            { op: "attach", input: { text, accepts }, isShown: true },
            manager.attach?.(text, accepts) ?? Effect.succeed([]),
            attachments
          )
      }
    : {})
})

const environment = (tape: Tape, current: Environment, { environment, tellsState }: Settings): Environment => ({
  ...environment,
  ...(tellsState
    ? {
        state: Effect.map(
          tape.call(
            { op: "state of the workspace" },
            Effect.map(current.state ?? Effect.undefined, (told) => told ?? null),
            state
          ),
          (told) => told ?? undefined
        )
      }
    : {})
})

const Rule = Schema.Literals(["allow", "ask", "deny"])
const isRule = Schema.is(Rule)

const asked = ({ callId, input, tool }: ApprovalRequest) => ({ callId, tool: tool.name, input })

const policy = (tape: Tape, current: ToolPolicy, { decidesWithoutAsking }: Settings): ToolPolicy => ({
  rule: (tool, round, input) => {
    const rule = tape.port.value({ op: "rule", input: { tool: tool.name, ...round, input } }, () =>
      current.rule(tool, round, input)
    )
    return isRule(rule) ? rule : "deny"
  },
  ...(decidesWithoutAsking === true
    ? {
        withoutAsking: (request) =>
          Effect.map(
            tape.call(
              { op: "decision without asking", input: asked(request) },
              Effect.map(current.withoutAsking?.(request) ?? Effect.undefined, (known) => known ?? null),
              withoutAsking
            ),
            (known) => known ?? undefined
          )
      }
    : {}),
  ask: (request) => tape.call({ op: "approval", input: asked(request), isShown: true }, current.ask(request), decision),
  remember: (request, scope) => (tape.port.isReplay ? Effect.void : (current.remember?.(request, scope) ?? Effect.void))
})

const budget = (tape: Tape, current: BudgetSettings | undefined, { budget }: Settings): BudgetSettings | undefined => {
  if (budget === undefined) return undefined
  const ledger = current?.ledger
  const free: Reservation = { id: "", day: 0, workspace: "", nanos: 0 }
  return {
    ...budget,
    ledger: {
      reserve: (request) =>
        tape.call(
          { op: "reserve", input: { worst: request.worst }, isShown: true },
          ledger?.reserve(request) ?? Effect.succeed(free),
          reservation
        ),
      settle: (reserved, cost) =>
        tape.call(
          { op: "settle", input: { id: reserved.id, cost }, isShown: true },
          ledger?.settle(reserved, cost) ?? Effect.void,
          settled
        ),
      spent: (workspace) =>
        tape.call({ op: "spent" }, ledger?.spent(workspace) ?? Effect.succeed({ day: 0, workspace: 0 }), spent)
    }
  }
}

/**
 * What a call of the coordinator finds in its context, recorded: settings as they are, and managers as the boundary of the
 * recording.
 */
export const references = (tape: Tape, found: Context.Context<never>, settings: Settings): Context.Context<never> =>
  Context.empty().pipe(
    Context.add(Limits, settings.limits),
    Context.add(CompactionSettings, settings.compaction),
    Context.add(Fallbacks, settings.fallbacks),
    Context.add(FilesManager, files(tape, Context.get(found, FilesManager), settings)),
    Context.add(DynamicContextManager, {
      slots: tape.call({ op: "slots" }, Context.get(found, DynamicContextManager).slots, slots)
    }),
    Context.add(Environment, environment(tape, Context.get(found, Environment), settings)),
    Context.add(ToolPolicy, policy(tape, Context.get(found, ToolPolicy), settings)),
    Context.add(Budget, budget(tape, Context.get(found, Budget), settings))
  )
