import { textOf } from "@parley/domain/Content"
import type { Question } from "@parley/domain/Question"
import { Session } from "@parley/domain/Session"
import type { Round, Turn } from "@parley/domain/Session"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import { allInput, cacheHitRatio, type Usage } from "@parley/domain/Usage"
import { format as formatModel } from "@parley/domain/ModelRef"
import * as Repair from "@parley/session/Repair"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ProcessInfo from "../process/ProcessInfo.ts"
import * as KeptResults from "@parley/app/KeptResults"
import * as SessionChoice from "@parley/app/SessionChoice"
import * as WaitingRounds from "@parley/app/WaitingRounds"
import * as WorkspaceMoves from "@parley/app/WorkspaceMoves"
import * as WorkspacePlaces from "../chat/WorkspacePlaces.ts"
import * as Engine from "@parley/app/Engine"
import { Output } from "../output/Output.ts"
import { citationLines, outcomeLine } from "../output/Render.ts"
import * as SettingsText from "../output/SettingsText.ts"
import { minute } from "../output/TimeText.ts"
import * as QuestionText from "../consent/QuestionText.ts"
import * as Follow from "./Follow.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as SessionFlags from "../configuration/SessionFlags.ts"

type ListFormat = "text" | "json"

/** A session of a list, with the number of its open questions, if there are any. */
const Listed = Schema.Struct({ ...SessionInfo.fields, questions: Schema.optionalKey(Schema.Int) })
const encodeList = Schema.encodeEffect(Schema.fromJsonString(Schema.Array(Listed)))
const encodeSession = Schema.encodeEffect(Schema.fromJsonString(Session))

const stored = <A, E, R>(
  flags: Pick<SetupFlags.Flags, "workspace">,
  f: (setup: SetupFlags.Setup) => Effect.Effect<A, E, R>,
  access: "write" | "read" = "read"
) => SetupFlags.load(flags).pipe(Effect.flatMap((setup) => Effect.provide(f(setup), Engine.sessions(setup, access))))

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`

const tokens = (usage: Usage) => {
  const ratio = cacheHitRatio(usage)
  const cached = ratio === undefined ? "" : ` (${Math.round(100 * ratio)}% cached)`
  return `${allInput(usage)} tokens in${cached}, ${usage.outputTokens} out`
}

const dollars = (cost: number | undefined) => (cost === undefined || cost === 0 ? "" : `, $${cost.toFixed(4)}`)

/** Pinned sessions before the others, each in the order of the list. */
const pinnedFirst = (sessions: ReadonlyArray<SessionInfo>): ReadonlyArray<SessionInfo> => [
  ...sessions.filter(({ pinned }) => pinned),
  ...sessions.filter(({ pinned }) => pinned === undefined)
]

/** What a line of the list tells about a session beside its title. */
const notesOf = (info: SessionInfo, questions: number): string => {
  const { archived, open, pinned, tags = [] } = info
  return [
    ...tags.map((tag) => `#${tag}`),
    ...(pinned === undefined ? [] : ["(pinned)"]),
    ...(archived === undefined ? [] : ["(archived)"]),
    ...(questions > 0 ? ["(waits for an answer)"] : open ? ["(open)"] : []),
    ...(info.origin === undefined ? [] : [`(${originOf(info)})`])
  ]
    .map((note) => `  ${note}`)
    .join("")
}

const noneIn = Effect.fnUntraced(function* (root: string, tag: string | undefined) {
  const archived = yield* SessionManager.use((sessions) => sessions.list({ workspace: root, archived: true, tag }))
  const what = tag === undefined ? "No sessions" : `No sessions with the tag ${tag}`
  if (archived.length > 0) return `${what} in ${root} except archived ones, which --archived shows, too`
  return `${what} in ${root}${tag === undefined ? yield* SessionFlags.elsewhere : ""}`
})

export const list = Effect.fn("parley sessions list")(
  (input: {
    readonly workspace: Option.Option<string>
    readonly all: boolean
    readonly archived: boolean
    readonly tag: Option.Option<string>
    readonly format: ListFormat
  }) =>
    stored(input, (setup) =>
      Effect.gen(function* () {
        const sessions = yield* SessionManager
        const output = yield* Output
        const { root } = setup.workspace
        const { offered, shared = [] } = input.all ? {} : yield* WorkspacePlaces.find(setup)
        const tag = Option.getOrUndefined(input.tag)
        const archived = input.all || input.archived ? undefined : false
        const listed = yield* input.all
          ? sessions.list({ tag })
          : SessionChoice.listIn([root, ...shared], { tag, archived })
        const found = pinnedFirst(listed)
        if (input.format === "json") {
          const listed = yield* Effect.forEach(found, (info) =>
            Effect.map(WaitingRounds.openQuestions(info), ({ length }) => ({
              ...info,
              ...(length === 0 ? {} : { questions: length })
            }))
          )
          return yield* output.line(yield* Effect.orDie(encodeList(listed)))
        }
        if (found.length === 0) yield* output.note(yield* noneIn(root, tag))
        for (const from of yield* offered ?? Effect.succeed([])) {
          const { length } = yield* sessions.list({ workspace: from })
          if (length > 0)
            yield* output.note(
              `A repository with the same origin and first commit was in ${from}, which no longer exists: ` +
                `${SessionFlags.relocating(from)} brings its ${plural(length, "session")} here`
            )
        }
        const former = yield* WorkspaceMoves.former(setup)
        const gone =
          found.length === 0 && !input.all && tag === undefined
            ? (yield* sessions.list({})).filter(({ workspace }) => !ProcessInfo.isThere(workspace))
            : []
        if (gone.length > 0)
          yield* output.note(
            "These sessions belong to directories that no longer exist; this workspace may be one of them, moved:"
          )
        for (const info of [...found, ...gone]) {
          const where = input.all || gone.length > 0 || info.workspace !== root ? `  ${info.workspace}` : ""
          const from = former.get(info.id)
          const was = from === undefined ? "" : `  (was in ${from})`
          const questions = yield* WaitingRounds.openQuestions(info)
          yield* output.text(
            `${info.id}  ${minute(info.updatedAt)}  ${plural(info.rounds, "round").padEnd(9)}  ${info.title}${notesOf(info, questions.length)}${where}${was}\n`
          )
        }
      })
    )
)

const showTurn = (turn: Turn, questions: ReadonlyArray<Question>): string => {
  const thinking = turn.content.flatMap((block) =>
    block._tag === "Thinking" && block.text !== "" ? [`  (thinking) ${block.text}`] : []
  )
  const content =
    turn.purpose === undefined ? textOf(turn.content) : "  (a summary that replaces the messages before it)"
  const calls = turn.toolCalls.flatMap((call) => [
    `  → ${call.name} ${call.input}`,
    ...questions
      .filter(({ callId }) => callId === call.callId)
      .map((one) => `  ? ${QuestionText.line(one.subject)} ${QuestionText.answerLine(one)}`),
    call.outcome === undefined ? `  … ${call.state}` : `  ${outcomeLine(call.callId, call.outcome)}`
  ])
  const state =
    turn.status === "completed"
      ? `stopped: ${turn.stop}`
      : `${turn.status}${turn.failure === undefined ? "" : `: ${turn.failure.message}`}`
  const { fallbackFor } = turn
  const instead = fallbackFor === undefined ? "" : ` instead of ${formatModel(fallbackFor)}`
  return [
    `  [${turn.id}  ${formatModel(turn.model)}${instead}  ${state}  ${tokens(turn.usage)}${dollars(turn.cost)}]`,
    ...thinking,
    ...(content === "" ? [] : [content]),
    ...citationLines(turn.content).map((line) => `  ${line}`),
    ...calls
  ].join("\n")
}

/** How a round differs from those that are the session's own and in effect. */
const marks = ({ copied, undone }: Round): string =>
  [...(copied === undefined ? [] : ["copied"]), ...(undone === undefined ? [] : ["undone"])]
    .map((mark) => `${mark}, `)
    .join("")

const originOf = ({ origin }: Pick<SessionInfo, "origin">): string => {
  if (origin === undefined) return ""
  return `fork of ${origin.sessionId}${origin.roundId === undefined ? "" : ` after ${origin.roundId}`}`
}

/** The messages that were delivered during a round, before its next turn. */
const showDelivered = ({ delivered = [] }: Round, afterTurns: number): ReadonlyArray<string> =>
  delivered.flatMap((message) =>
    message.afterTurns === afterTurns ? [`> ${textOf(message.request)}  (${message.id}, sent during the round)`] : []
  )

const showRound = (round: Round): string =>
  [
    `── ${round.id}  ${minute(round.startedAt)}  ${marks(round)}${round.status}${round.failure === undefined ? "" : `: ${round.failure.message}`}`,
    round.purpose === undefined ? `> ${textOf(round.request)}` : "(compaction)",
    ...round.contextCalls.map((call) => `  (context) ${call.name} ${call.input}`),
    ...round.turns.flatMap((turn, i) => [...showDelivered(round, i), showTurn(turn, round.questions ?? [])]),
    ...showDelivered(round, round.turns.length),
    // An answer that was given by a call is in no text.
    ...(round.output === undefined || textOf(round.turns.at(-1)?.content ?? []) !== ""
      ? []
      : [JSON.stringify(round.output)])
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
        const info = yield* sessions.get(yield* SessionFlags.named(input.id))
        if (input.follow && input.format === "json") return yield* Follow.follow(info, 0, "json")
        const entries = yield* sessions.read(info.id, 0)
        const session = SessionFold.fromEvents(info.id, entries)
        if (input.format === "json") return yield* output.line(yield* Effect.orDie(encodeSession(session)))
        yield* output.text(
          `${info.id}  ${info.title}\n${info.workspace}  ${plural(info.rounds, "round")}, ${plural(session.turns.length, "turn")}, ${tokens(info.usage)}${dollars(info.cost)}\n`
        )
        const about = [
          ...(info.origin === undefined ? [] : [originOf(info)]),
          ...SettingsText.lines(session.settings ?? {})
        ]
        yield* output.text(`${about.map((line) => `${line}\n`).join("")}\n`)
        // The open round is left out here; `Follow` shows it from its beginning.
        const rounds = session.rounds.filter((round) => !input.follow || round.endedAt !== undefined)
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
          const id = yield* SessionFlags.named(input.id)
          const { leftBehind, session } = yield* Repair.repair(id)
          const left = leftBehind === 0 ? "all events were copied" : `${count(leftBehind, "event")} could not be copied`
          yield* output.text(`${session.id}\n`)
          yield* output.note(
            `Copied ${count(session.rounds, "round")} of ${id}, which is unchanged; ${left}. ` +
              `To continue: parley run -s ${session.id}`
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
          const id = yield* SessionFlags.named(input.id)
          const results = yield* KeptResults.onlyIn(id)
          yield* sessions.remove(id)
          yield* KeptResults.remove(setup.user.resultsDirectory, yield* KeptResults.unnamed(results))
          yield* output.note(`Deleted session ${id}`)
        }),
      "write"
    )
)
