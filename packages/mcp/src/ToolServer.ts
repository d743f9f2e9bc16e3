import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { noneYet, type Offers } from "./Offers.ts"
import type { ResultFiles } from "./internal/ResultFiles.ts"
import { type Dialogue, makeDialogue } from "./Dialogue.ts"
import type { CallProgress } from "./Progress.ts"
import { defaultRestartPolicy, type RestartPolicy } from "./RestartPolicy.ts"
import { noLog } from "./ServerLog.ts"
import type { Stray } from "./Strays.ts"
import { initial, type ServerEvent, type ServerState, transition } from "./ServerState.ts"
import { noSecrets, type ServerSecrets } from "./ServerSecrets.ts"

/** One server, from its first start to the end of the scope. */
export interface ToolServer {
  readonly name: string
  /** How long one call may take. */
  readonly timeout: Duration.Duration
  readonly policy: RestartPolicy
  /** Where results of its tools that are too large are kept, if they are. */
  readonly results: ResultFiles | undefined
  readonly state: SubscriptionRef.SubscriptionRef<ServerState>
  readonly settled: Deferred.Deferred<void>
  /** What it offers beside tools, as it was last listed. */
  readonly offers: SubscriptionRef.SubscriptionRef<Offers>
  /** What it asks of us, and what we write down of it. */
  readonly dialogue: Dialogue
  /** Told how far its calls have got. */
  readonly onProgress: (progress: CallProgress) => void
  /** How long one call may take in all, however much progress it reports. */
  readonly longest: Duration.Duration
  /** What the user has been warned of, in any life of it. */
  readonly warned: Set<Stray>
  /** Keeps what it was given for itself out of what it says. */
  readonly secrets: ServerSecrets
  /** That somebody wants it started anew. */
  readonly wanted: Queue.Queue<void>
}

export const make = Effect.fnUntraced(function* (
  name: string,
  timeout: Duration.Duration,
  policy: RestartPolicy = defaultRestartPolicy,
  more: {
    readonly [K in "dialogue" | "longest" | "onProgress" | "results" | "secrets"]?: ToolServer[K] | undefined
  } = {}
) {
  const state = yield* SubscriptionRef.make<ServerState>(initial)
  return {
    longest: more.longest ?? Duration.times(timeout, 10),
    dialogue: more.dialogue ?? (yield* makeDialogue(name, "deny", {}, noLog)),
    onProgress: more.onProgress ?? (() => {}),
    name,
    timeout,
    policy,
    state,
    results: more.results,
    offers: yield* SubscriptionRef.make<Offers>(noneYet),
    settled: yield* Deferred.make<void>(),
    secrets: more.secrets ?? noSecrets,
    warned: new Set<Stray>(),
    wanted: yield* Queue.sliding<void>(1)
  } satisfies ToolServer
})

/** Nothing that is reported about a server holds one of its secrets. */
const concealed = (event: ServerEvent, { conceal }: ServerSecrets): ServerEvent => {
  if ("problem" in event) return { ...event, problem: conceal(event.problem) }
  if (!("catalog" in event)) return event
  const { catalog } = event
  const { leftOut, note } = catalog
  return {
    ...event,
    catalog: {
      ...catalog,
      note: note === undefined ? undefined : conceal(note),
      ...(leftOut === undefined ? {} : { leftOut: leftOut.map(({ tool, why }) => ({ tool, why: conceal(why) })) })
    }
  }
}

/** Something has happened to the server. The first news of a server settles it: whatever comes, `tools` waits no longer. */
export const tell = ({ policy, secrets, settled, state }: ToolServer, event: ServerEvent): Effect.Effect<void> =>
  SubscriptionRef.update(state, (before) => transition(policy, before, concealed(event, secrets))).pipe(
    Effect.andThen(Deferred.succeed(settled, undefined)),
    Effect.asVoid
  )

/** The server has ended, or could not be started. */
export const died = (server: ToolServer, problem: string): Effect.Effect<void> =>
  Effect.zip(Clock.currentTimeMillis, Random.next).pipe(
    Effect.flatMap(([at, spread]) => tell(server, { _tag: "Died", problem, at, spread }))
  )

export const stateOf = ({ state }: ToolServer): Effect.Effect<ServerState> => SubscriptionRef.get(state)

/** Waits until the first start has succeeded or failed. */
export const settled = (server: ToolServer): Effect.Effect<ServerState> =>
  Effect.andThen(Deferred.await(server.settled), stateOf(server))

/** Waits for a state that satisfies the condition; the present one may. */
export const until = (server: ToolServer, holds: (state: ServerState) => boolean): Effect.Effect<ServerState> =>
  SubscriptionRef.changes(server.state).pipe(
    Stream.filter(holds),
    Stream.runHead,
    // The stream of changes has no end of its own.
    Effect.flatMap(Effect.fromOption),
    Effect.catch(() => Effect.never)
  )
