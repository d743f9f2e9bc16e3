import { canonical } from "@parley/domain/CanonicalJson"
import type { SessionId } from "@parley/domain/Ids"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { type AnswerError, SessionCoordinator } from "../round/SessionCoordinator.ts"
import { Ask, endOf } from "./RecordedAsks.ts"
import * as RecordedCoordinator from "./RecordedCoordinator.ts"
import * as RecordedEngine from "./RecordedEngine.ts"
import * as RecordedSettings from "./RecordedSettings.ts"
import { headerLine, version } from "./RecordingFormat.ts"
import * as RecordingTape from "./RecordingTape.ts"
import * as Tape from "./Tape.ts"
import * as TapedContext from "./TapedContext.ts"

/**
 * Options of a recording.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordingOptions {
  /** Receives each line, with its end, as it happens. It must not throw: a round does not fail because it is recorded. */
  readonly write: (line: string) => void
  /** What the host needs to build the same engine again. */
  readonly host?: Schema.Json
  /**
   * Builds the models again on a recorded HTTP client. The recording then contains the bytes of requests and responses, and
   * a replay runs the provider's own code. Without it, the recording contains requests and chunks as `ModelsManager` has them.
   */
  readonly wired?: (tape: Tape.Tape) => Layer.Layer<ModelsManager>
}

const encodeAsk = Schema.encodeSync(Schema.toCodecJson(Ask), { disableChecks: true })
const encodeSettings = Schema.encodeSync(Schema.toCodecJson(RecordedSettings.Settings))

const make = Effect.fnUntraced(function* (options: RecordingOptions) {
  const managers = yield* Effect.context<RecordedEngine.Managers | Scope.Scope>()
  const sessions = Context.get(managers, SessionManager)
  const seed = String(yield* Random.nextInt)
  const recording = yield* RecordingTape.make(options.write)
  const tape = yield* Tape.make(recording.port, seed)
  const host = options.host === undefined ? {} : { host: options.host }
  options.write(headerLine({ parley: "recording", version, seed, ...host }))
  // Before the engine is built, so that it still delivers while the engine is shut down.
  yield* recording.deliver(tape.rest)

  /** The last event of each session that the recording contains. */
  const heads = new Map<SessionId, number>()
  /** Records the events that the engine has not appended itself. */
  const observe = Effect.fnUntraced(function* (id: SessionId) {
    const head = heads.get(id)
    const entries = yield* sessions.read(id, head ?? 0)
    if (head === undefined || entries.length > 0)
      recording.add({ kind: "log", session: yield* sessions.get(id), entries })
    heads.set(id, entries.at(-1)?.seq ?? head ?? 0)
  })

  const counts = Context.get(managers, ModelsManager).count !== undefined
  const wired =
    options.wired === undefined ? undefined : Context.get(yield* Layer.build(options.wired(tape)), ModelsManager)
  const scope = yield* Scope.make()
  const engine = yield* RecordedEngine.make(
    {
      tape,
      managers,
      counts,
      wired,
      store: { acquired: observe, appended: (id, entries) => void heads.set(id, entries.at(-1)?.seq ?? 0) }
    },
    scope
  )
  yield* Effect.addFinalizer((exit) =>
    Effect.andThen(
      Effect.callback<void>((resume) =>
        recording.arrive({
          isWanted: () => true,
          step: (at) => ({ kind: "close", at }),
          deliver: () => resume(Effect.void)
        })
      ),
      Scope.close(scope, exit)
    )
  )

  let last = ""
  const settingsOf = (settings: RecordedSettings.Settings) => {
    const encoded = encodeSettings(settings)
    const before = last
    last = canonical(encoded)
    return last === before ? {} : { settings: encoded }
  }

  /** Passes a request of the host to the engine as a step, and its interruption as another one. */
  const ask = <A, E extends AnswerError>(asked: Ask, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.contextWith((caller: Context.Context<never>) =>
      Effect.callback<A, E>((resume) => {
        const found = Context.merge(managers, caller)
        const settings = RecordedSettings.read(found, counts)
        const context = tape.inside(Context.merge(caller, TapedContext.references(tape, found, settings)))
        const n = recording.next("ask")
        let fiber: Fiber.Fiber<A, E> | undefined
        let ended: (() => void) | undefined
        let isDone = false
        recording.arrive({
          isWanted: () => true,
          step: (at) => ({ kind: "ask", n, at, ask: encodeAsk(asked), ...settingsOf(settings) }),
          deliver: () => {
            fiber = Effect.runForkWith(context)(effect)
            fiber.addObserver((exit) => {
              recording.add({ kind: "done", n, how: endOf(exit) })
              isDone = true
              resume(exit)
              ended?.()
            })
          }
        })
        return Effect.callback<void>((resume) => {
          if (isDone) return resume(Effect.void)
          ended = () => resume(Effect.void)
          recording.arrive({
            isWanted: () => !isDone,
            step: (at) => ({ kind: "interrupt", n, at }),
            deliver: () => fiber?.interruptUnsafe()
          })
        })
      })
    )

  // For what changes no session, an engine that is not recorded.
  const plain = Context.get(yield* SessionCoordinator.layer.pipe(Layer.fresh, Layer.build), SessionCoordinator)
  return RecordedCoordinator.make(engine, plain, ask)
})

/**
 * A coordinator like `SessionCoordinator.layer` that also records everything that its engine receives, so that `Replay.run`
 * can do exactly the same again without the model, the tools and the workspace: requests of the host, requests to models and
 * the responses, results of tools, the prompt, files, approvals, timers, the time, random numbers, cancellations and
 * failures, in the order in which the engine received them. Each line is written before the engine goes on.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: RecordingOptions): Layer.Layer<SessionCoordinator, never, RecordedEngine.Managers> =>
  Layer.effect(SessionCoordinator, make(options))
