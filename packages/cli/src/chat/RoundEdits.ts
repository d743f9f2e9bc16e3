import { UsageError } from "@parley/app/UsageError"
import { textOf } from "@parley/domain/Content"
import * as Effort from "@parley/domain/Effort"
import { RoundId, type SessionId, TurnId } from "@parley/domain/Ids"
import { ModelsManager } from "@parley/domain/ModelsManager"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import type { SessionSettings } from "@parley/domain/SessionSettings"
import { type ChangedRounds, type ForkPoint, SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"
import { short } from "../output/Render.ts"
import * as SettingsText from "../output/SettingsText.ts"
import type { Conversation } from "./Conversation.ts"

const folded = (id: SessionId) =>
  Effect.map(
    SessionManager.use((sessions) => sessions.read(id, 0)),
    (entries) => SessionFold.fromEvents(id, entries)
  )

/** One line for each round that was taken back or brought back. */
const tell = Effect.fnUntraced(function* (id: SessionId, { rounds }: ChangedRounds, what: string) {
  const output = yield* Output
  const session = yield* folded(id)
  for (const round of session.rounds.filter((round) => rounds.includes(round.id))) {
    const message = round.purpose === undefined ? `"${short(textOf(round.request), 60)}"` : "(compaction)"
    yield* output.note(`${what} ${round.id} ${message}`)
  }
})

/** A whole number above 0, or an error that names what was written. */
const countOf = (text: string) =>
  /^[1-9]\d{0,8}$/.test(text)
    ? Effect.succeed(Number(text))
    : Effect.fail(new UsageError({ problem: `${text}: expected a number of rounds, such as 1` }))

/** Takes back the last rounds of a session, and says which. */
export const undo = Effect.fnUntraced(function* (id: SessionId, rounds: number) {
  const output = yield* Output
  yield* tell(id, yield* SessionCoordinator.use((coordinator) => coordinator.undo(id, { rounds })), "Undone:")
  yield* output.note("Files that tools have changed stay as they are")
})

/** `/undo`, `/undo N` */
export const undoTyped = (id: SessionId, text: string) =>
  Effect.flatMap(text === "" ? Effect.succeed(1) : countOf(text), (rounds) => undo(id, rounds))

/** Brings back the rounds that were taken back last. */
export const redo = Effect.fnUntraced(function* (id: SessionId) {
  yield* tell(id, yield* SessionCoordinator.use((coordinator) => coordinator.redo(id)), "In effect again:")
})

/** A round or a turn as a person writes it: `r3`, `3`, `r3t1`; `0` is the beginning. */
export const pointOf = (text: string): Effect.Effect<ForkPoint, UsageError> => {
  const [, round, turn] = /^r?(\d{1,9})(t\d{1,9})?$/.exec(text.trim()) ?? []
  if (round === undefined)
    return Effect.fail(
      new UsageError({
        problem: `${text}: expected a round such as r3, a turn such as r3t1, or 0 for the beginning of the session`
      })
    )
  if (Number(round) === 0) return Effect.succeed("start")
  const name = `r${Number(round)}`
  return Effect.succeed(turn === undefined ? RoundId.make(name) : TurnId.make(`${name}${turn}`))
}

/** Copies a session up to a point into a new one. */
export const fork = Effect.fnUntraced(function* (id: SessionId, at: string | undefined) {
  const point = at === undefined ? undefined : yield* pointOf(at)
  return yield* SessionCoordinator.use((coordinator) => coordinator.fork(id, { at: point }))
})

/** `/fork`, `/fork r3`: the conversation continues in the fork. */
export const forkTyped = Effect.fnUntraced(function* (conversation: Conversation, text: string) {
  const output = yield* Output
  const from = conversation.id
  const info = yield* fork(from, text === "" ? undefined : text)
  conversation.id = info.id
  yield* output.note(`The conversation continues in session ${info.id}, a fork of ${from}, which is unchanged`)
})

/** `/model`, `/model NAME`, `/model default`: shows or chooses the session's model. */
export const model = Effect.fnUntraced(function* (conversation: Conversation, text: string) {
  const coordinator = yield* SessionCoordinator
  if (text === "") return yield* showSettings(conversation)
  const chosen = text === "default" ? text : yield* SetupFlags.parseModel(text, "/model")
  const settings = yield* coordinator.configure(conversation.id, { model: chosen, effort: "default" })
  const { effort: _, model: __, ...others } = conversation.named
  conversation.named = others
  yield* tellSettings(settings)
})

const isEffort = (text: string): text is Effort.Effort => Effort.levels.some((level) => level === text)

/** `/effort`, `/effort LEVEL`, `/effort default`: shows or chooses how much the session's model thinks. */
export const effort = Effect.fnUntraced(function* (conversation: Conversation, text: string) {
  const coordinator = yield* SessionCoordinator
  if (text === "") return yield* showSettings(conversation)
  if (text !== "default" && !isEffort(text))
    return yield* new UsageError({ problem: `/effort ${text}: expected one of ${Effort.levels.join(", ")}, default` })
  const { effort: _, ...others } = conversation.named
  const settings = yield* coordinator.configure(conversation.id, {
    effort: text,
    ...(others.model === undefined ? {} : { model: others.model })
  })
  const { model: __, ...left } = others
  conversation.named = left
  yield* tellSettings(settings)
})

const tellSettings = Effect.fnUntraced(function* (settings: SessionSettings) {
  const output = yield* Output
  const preferred = yield* Effect.flatMap(ModelsManager, (models) => models.preferred)
  for (const line of SettingsText.lines({ model: preferred, ...settings })) yield* output.note(line)
})

const showSettings = Effect.fnUntraced(function* ({ id, named }: Conversation) {
  const { settings } = yield* folded(id)
  const { effort, model } = named
  const now = { ...settings, ...(model === undefined ? {} : { model }), ...(effort === undefined ? {} : { effort }) }
  yield* tellSettings(now)
})
