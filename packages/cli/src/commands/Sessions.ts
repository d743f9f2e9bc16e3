import { textOf } from "@parley/domain/Content"
import { Session } from "@parley/domain/Session"
import type { Round, Turn } from "@parley/domain/Session"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import { cacheHitRatio, type Usage } from "@parley/domain/Usage"
import { format as formatModel } from "@parley/domain/ModelRef"
import * as Repair from "@parley/session/Repair"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Host from "../internal/Host.ts"
import * as KeptResults from "../internal/KeptResults.ts"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import { outcomeLine } from "../Render.ts"
import * as Follow from "./Follow.ts"
import * as Setup from "../Setup.ts"
import * as Target from "../Target.ts"

type ListFormat = "text" | "json"

const encodeList = Schema.encodeEffect(Schema.fromJsonString(Schema.Array(SessionInfo)))
const encodeSession = Schema.encodeEffect(Schema.fromJsonString(Session))

const stored = <A, E, R>(
  flags: Pick<Setup.Flags, "workspace">,
  f: (setup: Setup.Setup) => Effect.Effect<A, E, R>,
  access: "write" | "read" = "read"
) => Setup.load(flags).pipe(Effect.flatMap((setup) => Effect.provide(f(setup), Live.sessions(setup, access))))

/** Local time as `2026-11-22 15:48`, whatever the locale: Swedish writes dates that way. */
const minute = (millis: number) =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" }).format(millis)

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`

const tokens = (usage: Usage) => {
  const ratio = cacheHitRatio(usage)
  const cached = ratio === undefined ? "" : ` (${Math.round(100 * ratio)}% cached)`
  return `${usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens} tokens in${cached}, ${usage.outputTokens} out`
}

const dollars = (cost: number | undefined) => (cost === undefined || cost === 0 ? "" : `, $${cost.toFixed(4)}`)

export const list = Effect.fn("parley sessions list")(
  (input: { readonly workspace: Option.Option<string>; readonly all: boolean; readonly format: ListFormat }) =>
    stored(input, (setup) =>
      Effect.gen(function* () {
        const sessions = yield* SessionManager
        const output = yield* Output
        const found = yield* sessions.list(input.all ? {} : { workspace: setup.workspace.root })
        if (input.format === "json") return yield* output.line(yield* Effect.orDie(encodeList(found)))
        if (found.length === 0)
          yield* output.note(`No sessions in ${setup.workspace.root}${(yield* Target.elsewhere) ?? ""}`)
        const gone =
          found.length === 0 && !input.all
            ? (yield* sessions.list({})).filter(({ workspace }) => !Host.isThere(workspace))
            : []
        if (gone.length > 0) yield* output.note("These are of directories that are gone; this one may be one of them:")
        for (const info of [...found, ...gone]) {
          const where = input.all || gone.length > 0 ? `  ${info.workspace}` : ""
          const state = info.open ? "  (open)" : ""
          yield* output.text(
            `${info.id}  ${minute(info.updatedAt)}  ${plural(info.rounds, "round").padEnd(9)}  ${info.title}${state}${where}\n`
          )
        }
      })
    )
)

const showTurn = (turn: Turn): string => {
  const thinking = turn.content.flatMap((block) =>
    block._tag === "Thinking" && block.text !== "" ? [`  (thinking) ${block.text}`] : []
  )
  const said = turn.purpose === undefined ? textOf(turn.content) : "  (a summary, in place of what was said before)"
  const calls = turn.toolCalls.flatMap((call) => [
    `  → ${call.name} ${call.input}`,
    call.outcome === undefined ? `  … ${call.state}` : `  ${outcomeLine(call.callId, call.outcome)}`
  ])
  const state =
    turn.status === "completed"
      ? `stopped: ${turn.stop}`
      : `${turn.status}${turn.failure === undefined ? "" : `: ${turn.failure.message}`}`
  return [
    `  [${turn.id}  ${formatModel(turn.model)}  ${state}  ${tokens(turn.usage)}${dollars(turn.cost)}]`,
    ...thinking,
    ...(said === "" ? [] : [said]),
    ...calls
  ].join("\n")
}

const showRound = (round: Round): string =>
  [
    `── ${round.id}  ${minute(round.startedAt)}  ${round.status}${round.failure === undefined ? "" : `: ${round.failure.message}`}`,
    round.purpose === undefined ? `> ${textOf(round.request)}` : "(compaction)",
    ...round.contextCalls.map((call) => `  (context) ${call.name} ${call.input}`),
    ...round.turns.map(showTurn)
  ].join("\n")

export const show = Effect.fn("parley sessions show")(
  (input: {
    readonly workspace: Option.Option<string>
    readonly id: string
    readonly follow: boolean
    readonly format: ListFormat
  }) =>
    stored(input, () =>
      Effect.gen(function* () {
        const sessions = yield* SessionManager
        const output = yield* Output
        const info = yield* sessions.get(yield* Target.named(input.id))
        if (input.follow && input.format === "json") return yield* Follow.follow(info, 0, "json")
        const entries = yield* sessions.read(info.id, 0)
        const session = SessionFold.fromEvents(info.id, entries)
        if (input.format === "json") return yield* output.line(yield* Effect.orDie(encodeSession(session)))
        yield* output.text(
          `${info.id}  ${info.title}\n${info.workspace}  ${plural(info.rounds, "round")}, ${plural(session.turns.length, "turn")}, ${tokens(info.usage)}${dollars(info.cost)}\n\n`
        )
        // The open round is shown as it goes on, from its beginning.
        const rounds = session.rounds.filter((round) => !input.follow || round.status !== "running")
        for (const round of rounds) yield* output.text(`${showRound(round)}\n\n`)
        if (input.follow) yield* Follow.follow(info, Follow.startOf(entries), "text")
      })
    )
)

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`

export const repair = Effect.fn("parley sessions repair")(
  (input: { readonly workspace: Option.Option<string>; readonly id: string }) =>
    stored(
      input,
      () =>
        Effect.gen(function* () {
          const output = yield* Output
          const id = yield* Target.named(input.id)
          const { leftBehind, session } = yield* Repair.repair(id)
          const left = leftBehind === 0 ? "nothing was left behind" : `${count(leftBehind, "event")} left behind`
          yield* output.text(`${session.id}\n`)
          yield* output.note(
            `Copied ${count(session.rounds, "round")} of ${id}, which stays as it is; ${left}. ` +
              `Go on with: parley run -s ${session.id}`
          )
        }),
      "write"
    )
)

export const remove = Effect.fn("parley sessions delete")(
  (input: { readonly workspace: Option.Option<string>; readonly id: string }) =>
    stored(
      input,
      (setup) =>
        Effect.gen(function* () {
          const sessions = yield* SessionManager
          const output = yield* Output
          const id = yield* Target.named(input.id)
          // Of a damaged session what can be read.
          const results = KeptResults.namesIn(yield* Effect.orElseSucceed(sessions.salvage(id), () => []))
          yield* sessions.remove(id)
          yield* KeptResults.remove(setup.user.resultsDirectory, results)
          yield* output.note(`Deleted session ${id}`)
        }),
      "write"
    )
)
