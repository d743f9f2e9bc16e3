import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { emptyCatalog, type ServerCatalog } from "./Catalog.ts"
import type { ResultFiles } from "../results/ResultFiles.ts"
import { type Dialogue, makeDialogue } from "../requests/Dialogue.ts"
import type { CallProgress } from "./CallProgress.ts"
import { defaultRestartPolicy, type RestartPolicy } from "./RestartPolicy.ts"
import { noLog } from "../requests/ServerLog.ts"
import type { Stray } from "../transport/ProtocolNoise.ts"
import { initial, type ServerEvent, type ServerState, transition } from "./ServerState.ts"
import { noSecrets, type ServerSecrets } from "../text/ServerSecrets.ts"

/** One server, from its first start to the end of the scope. */
export interface ToolServer {
  readonly name: string
  /** How long one call may go without a response or progress. */
  readonly timeout: Duration.Duration
  readonly policy: RestartPolicy
  /** Where results that are too large are kept; undefined if they are not kept. */
  readonly results: ResultFiles | undefined
  readonly state: SubscriptionRef.SubscriptionRef<ServerState>
  readonly settled: Deferred.Deferred<void>
  /** Its catalog as of the last listing. */
  readonly catalog: SubscriptionRef.SubscriptionRef<ServerCatalog>
  /** Handles the server's requests to Parley, and its log. */
  readonly dialogue: Dialogue
  /** Receives the progress of its calls. */
  readonly onProgress: (progress: CallProgress) => void
  /** How long one call may take in total, however much progress it reports. */
  readonly longest: Duration.Duration
  /** The warnings that were already reported in this or an earlier run of the server. */
  readonly warned: Set<Stray>
  /** Redacts the secrets that the server was given from everything that it sends. */
  readonly secrets: ServerSecrets
  /** Requests for a restart. */
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
    catalog: yield* SubscriptionRef.make<ServerCatalog>(emptyCatalog),
    settled: yield* Deferred.make<void>(),
    secrets: more.secrets ?? noSecrets,
    warned: new Set<Stray>(),
    wanted: yield* Queue.sliding<void>(1)
  } satisfies ToolServer
})

/** Redacts the server's secrets from everything that is reported about it. */
const redacted = (event: ServerEvent, { redact }: ServerSecrets): ServerEvent => {
  if ("problem" in event) return { ...event, problem: redact(event.problem) }
  if (!("listing" in event)) return event
  const { listing } = event
  const { leftOut, note } = listing
  return {
    ...event,
    listing: {
      ...listing,
      note: note === undefined ? undefined : redact(note),
      ...(leftOut === undefined ? {} : { leftOut: leftOut.map(({ tool, why }) => ({ tool, why: redact(why) })) })
    }
  }
}

/** Applies an event to the server's state. After the first event `tools` no longer waits for the server. */
export const dispatch = ({ policy, secrets, settled, state }: ToolServer, event: ServerEvent): Effect.Effect<void> =>
  SubscriptionRef.update(state, (before) => transition(policy, before, redacted(event, secrets))).pipe(
    Effect.andThen(Deferred.succeed(settled, undefined)),
    Effect.asVoid
  )

/** Records that the server has ended, or could not be started. */
export const died = (server: ToolServer, problem: string): Effect.Effect<void> =>
  Effect.zip(Clock.currentTimeMillis, Random.next).pipe(
    Effect.flatMap(([at, spread]) => dispatch(server, { _tag: "Died", problem, at, spread }))
  )

export const stateOf = ({ state }: ToolServer): Effect.Effect<ServerState> => SubscriptionRef.get(state)

/** Waits until the first start has succeeded or failed. */
export const settled = (server: ToolServer): Effect.Effect<ServerState> =>
  Effect.andThen(Deferred.await(server.settled), stateOf(server))

/** Waits for a state that satisfies the condition. The current state may satisfy it. */
export const until = (server: ToolServer, holds: (state: ServerState) => boolean): Effect.Effect<ServerState> =>
  SubscriptionRef.changes(server.state).pipe(
    Stream.filter(holds),
    Stream.runHead,
    // The stream of changes never ends by itself.
    Effect.flatMap(Effect.fromOption),
    Effect.catch(() => Effect.never)
  )
