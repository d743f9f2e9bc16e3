import { InvalidMessage } from "@parley/domain/Errors"
import type { RoundId, SessionId } from "@parley/domain/Ids"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { EventOf, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionLimits, SessionSettings } from "@parley/domain/SessionSettings"
import * as Arr from "effect/Array"
import type { Pin } from "@parley/prompt/Pins"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { OpenSessions } from "./OpenSessions.ts"
import * as ParkedRounds from "./ParkedRounds.ts"
import * as Recovery from "../log/Recovery.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import type { SessionState } from "../log/SessionState.ts"

const longestPin = 4000

const refuse = (problem: string) => new InvalidMessage({ problem })

/**
 * What to change of a session's settings. Absent: it stays as it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface SettingsChange {
  /** The model of later rounds; `default`: that of the host. */
  readonly model?: SessionSettings["model"] | "default" | undefined
  /** How much the session's model thinks; `default`: as the host configures it. */
  readonly effort?: SessionSettings["effort"] | "default" | undefined
  /** The limits of later rounds, in place of those chosen before. Empty: those of the host. */
  readonly limits?: SessionSettings["limits"] | undefined
}

/**
 * The rounds that a call took back or brought back, oldest first.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChangedRounds {
  readonly rounds: ReadonlyArray<RoundId>
}

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`

/** The event that undoes the last rounds, so many of them. */
const lastRounds = ({ inEffect }: SessionState, count: number): EventOf<"RoundsUndone"> | InvalidMessage => {
  if (!Number.isInteger(count) || count < 1) return refuse("The number of rounds to undo is a whole number above 0")
  if (inEffect.length === 0) return refuse("There is no round to undo in this session")
  if (count > inEffect.length)
    return refuse(`Only ${plural(inEffect.length, "round")} of this session can be undone, not ${count}`)
  const rounds = inEffect.slice(-count)
  return Arr.isReadonlyArrayNonEmpty(rounds) ? { _tag: "RoundsUndone", rounds } : refuse("There is no round to undo")
}

/** The event that undoes a round and all later ones, so that another message can take its place. */
export const from = (state: SessionState, roundId: RoundId): EventOf<"RoundsUndone"> | InvalidMessage => {
  const at = state.inEffect.indexOf(roundId)
  return at < 0
    ? refuse(`The session has no round ${roundId} whose message can be edited, or the round is undone`)
    : lastRounds(state, state.inEffect.length - at)
}

const redone = ({ state }: SessionLog): SessionEvent | InvalidMessage =>
  state.redoable === undefined
    ? refuse("There is nothing to redo: a redo follows an undo, before the next round")
    : { _tag: "RoundsRedone" }

const isSettings = Schema.is(SessionSettings)

/** Whether the limits of a message have a meaning. */
export const isLimits = Schema.is(SessionLimits)

export const wrongLimits = () => refuse("Limits are numbers above 0; only retries may be 0")

const chosen = (before: SessionSettings, { effort, limits, model }: SettingsChange): SessionSettings => {
  const after = {
    model: model === "default" ? undefined : (model ?? before.model),
    effort: effort === "default" ? undefined : (effort ?? before.effort),
    limits: limits ?? before.limits
  }
  return {
    ...(after.model === undefined ? {} : { model: after.model }),
    ...(after.effort === undefined ? {} : { effort: after.effort }),
    ...(after.limits === undefined || Object.keys(after.limits).length === 0 ? {} : { limits: after.limits })
  }
}

const undone = ({ state }: SessionLog): SessionEvent | InvalidMessage =>
  state.compactions === 0 ? refuse("There is no compaction to undo in this session") : { _tag: "CompactionUndone" }

const pinned =
  ({ kind, provenance = "user", text }: Pin) =>
  ({ state }: SessionLog): SessionEvent | InvalidMessage => {
    const words = text.trim().toWellFormed()
    if (words === "") return refuse("There is nothing to pin; enter a text")
    if (words.length > longestPin)
      return refuse(`A pinned text has at most ${longestPin} characters; put longer texts into a file`)
    if (state.pins.some((pin) => pin.text === words)) return refuse("This text is already pinned")
    return { _tag: "Pinned", kind, text: words, provenance }
  }

const unpinned =
  (text: string) =>
  ({ state }: SessionLog): SessionEvent | InvalidMessage => {
    const words = text.trim().toWellFormed()
    return state.pins.some((pin) => pin.text === words)
      ? { _tag: "Unpinned", text: words }
      : refuse("This text is not pinned")
  }

/**
 * Changes of a user to a session between rounds. They wait for a running round; a round of a dead process is closed
 * first. While a round waits for answers, nothing can be changed.
 */
export const make = (open: OpenSessions) => {
  /** Runs `f` between rounds. */
  const use = <A, E, R>(id: SessionId, f: (log: SessionLog) => Effect.Effect<A, E, R>) =>
    open.use(id, (log) =>
      Effect.andThen(
        Effect.andThen(Recovery.recover(log), ParkedRounds.noneIn(log)),
        Effect.suspend(() => f(log))
      )
    )

  const append = (id: SessionId, of: (log: SessionLog) => SessionEvent | InvalidMessage) =>
    use(
      id,
      Effect.fnUntraced(function* (log: SessionLog) {
        const event = of(log)
        if (event._tag === "InvalidMessage") return yield* event
        return yield* log.append([event])
      })
    )

  const undo = (id: SessionId, count: number) =>
    use(
      id,
      Effect.fnUntraced(function* (log: SessionLog) {
        const event = lastRounds(log.state, count)
        if (event._tag === "InvalidMessage") return yield* event
        yield* log.append([event])
        return { rounds: event.rounds } satisfies ChangedRounds
      })
    )

  const redo = (id: SessionId) =>
    use(
      id,
      Effect.fnUntraced(function* (log: SessionLog) {
        const rounds = log.state.redoable ?? []
        const event = redone(log)
        if (event._tag === "InvalidMessage") return yield* event
        yield* log.append([event])
        return { rounds } satisfies ChangedRounds
      })
    )

  const configure = (id: SessionId, change: SettingsChange) =>
    use(
      id,
      Effect.fnUntraced(function* (log: SessionLog) {
        const settings = chosen(log.state.settings, change)
        if (!isSettings(settings)) return yield* wrongLimits()
        const models = yield* ModelsManager
        if (settings.model !== undefined || settings.effort !== undefined)
          yield* models.describe(settings.model ?? (yield* models.preferred), settings.effort)
        yield* log.append([{ _tag: "SettingsChosen", settings }])
        return settings
      })
    )

  return {
    undo,
    redo,
    configure,
    undoCompaction: (id: SessionId) => append(id, undone),
    refresh: (id: SessionId) => append(id, () => ({ _tag: "RefreshRequested" })),
    pin: (id: SessionId, pin: Pin) => append(id, pinned(pin)),
    unpin: (id: SessionId, text: string) => append(id, unpinned(text))
  }
}
