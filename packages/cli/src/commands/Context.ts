import { FilesManager } from "@parley/domain/FilesManager"
import { RoundId, turnId, TurnId } from "@parley/domain/Ids"
import {
  type RequestContext,
  RequestContext as RequestSchema,
  SessionContext,
  Wire
} from "@parley/domain/SessionContext"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ContextText from "../output/ContextText.ts"
import { UsageError } from "@parley/app/UsageError"
import * as Engine from "@parley/app/Engine"
import * as RoundNotices from "../chat/RoundNotices.ts"
import * as WorkspacePlaces from "../chat/WorkspacePlaces.ts"
import { Output } from "../output/Output.ts"
import { inLine } from "../output/Render.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as SessionFlags from "../configuration/SessionFlags.ts"

export interface Input extends SetupFlags.Flags, SessionFlags.TargetFlags {
  readonly message: ReadonlyArray<string>
  readonly format: "text" | "json"
  /** A path, or a source as named in the manifest. */
  readonly why: Option.Option<string>
  /** The ID of a round to compare with. */
  readonly diff: Option.Option<string>
  readonly bytes: boolean
  /** The ID of a turn whose request is shown instead of the next one. */
  readonly turn: Option.Option<string>
}

const encodeNext = Schema.encodeEffect(Schema.fromJsonString(SessionContext))
const encodeSent = Schema.encodeEffect(Schema.fromJsonString(RequestSchema))
const encodeWire = Schema.encodeEffect(Schema.fromJsonString(Wire))

/** Explains why a path or source is, or is not, part of the request. */
const why = Effect.fnUntraced(function* (context: RequestContext, what: string) {
  const { explain } = yield* FilesManager
  const found = context.manifest.filter(
    ({ source }) => source === what || source.slice(source.indexOf(":") + 1) === what
  )
  const explained = explain === undefined ? [] : [yield* explain(what)]
  return [
    ...found.map(ContextText.segmentLine),
    ...(found.length === 0 ? [`${inLine(what)} is not part of the request.`] : []),
    ...explained
  ].join("\n")
})

const wireOf = ({ wire }: RequestContext) =>
  wire === undefined
    ? Effect.fail(
        new UsageError({ problem: "--bytes: the provider of this model does not support showing the request body" })
      )
    : Effect.succeed(wire)

/** Prints what the next request would contain, or what a turn's request contained. Sends nothing and stores nothing. */
export const context = Effect.fn("parley context")(function* (input: Input) {
  if (input.format === "json" && (Option.isSome(input.why) || Option.isSome(input.diff)))
    return yield* new UsageError({
      problem: "--why and --diff print text only; do not combine them with --format json"
    })
  const setup = yield* SetupFlags.load(input)
  const fresh = Option.isNone(input.session) && !input.continue
  if (fresh && (Option.isSome(input.diff) || Option.isSome(input.turn)))
    return yield* new UsageError({ problem: "--diff and --turn need a session: add --continue or --session ID" })
  yield* Effect.gen(function* () {
    const coordinator = yield* SessionCoordinator
    const sessions = yield* SessionManager
    const output = yield* Output
    yield* RoundNotices.workspace(setup)
    const root = setup.workspace.root
    const found = yield* SessionFlags.find(input, root, fresh ? {} : yield* WorkspacePlaces.find(setup))
    const info = Option.isSome(found) ? found.value : yield* sessions.create({ workspace: root })
    const words = input.message.join(" ")
    const next = coordinator.buildContext(info.id, words === "" ? undefined : words)
    const sent = Option.map(input.turn, (turn) =>
      Effect.catchTag(coordinator.sentContext(info.id, TurnId.make(turn)), "InvalidMessage", ({ problem }) =>
        Effect.fail(new UsageError({ problem: `${problem}; \`parley sessions show ${info.id}\` lists its turns` }))
      )
    )
    const shown: RequestContext = yield* Option.getOrElse(sent, () => next)
    if (Option.isSome(input.why)) return yield* output.text(`${yield* why(shown, input.why.value)}\n`)
    if (Option.isSome(input.diff)) {
      const first = turnId(RoundId.make(input.diff.value), 1)
      return yield* output.text(`${ContextText.diff(yield* coordinator.sentContext(info.id, first), shown)}\n`)
    }
    if (input.bytes) {
      const wire = yield* wireOf(shown)
      if (input.format === "json") return yield* output.line(yield* Effect.orDie(encodeWire(wire)))
      return yield* output.text(`${ContextText.bytes(wire)}\n`)
    }
    if (input.format === "text") return yield* output.text(`${ContextText.show(shown)}\n`)
    return yield* output.line(
      yield* Effect.orDie(Schema.is(SessionContext)(shown) ? encodeNext(shown) : encodeSent(shown))
    )
  }).pipe(Effect.provide(Engine.layer(setup, fresh ? "memory" : "stored")))
})
