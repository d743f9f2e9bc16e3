import * as Caps from "@parley/session/Caps"
import * as Request from "@parley/session/Request"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { UsageError } from "@parley/app/UsageError"
import * as Engine from "@parley/app/Engine"
import * as MessageInput from "../chat/MessageInput.ts"
import * as RoundNotices from "../chat/RoundNotices.ts"
import * as ServerPrompts from "@parley/app/ServerPrompts"
import * as WorkspacePlaces from "../chat/WorkspacePlaces.ts"
import * as PrintRound from "../chat/PrintRound.ts"
import * as Ports from "../consent/Ports.ts"
import * as RecordFlag from "../configuration/RecordFlag.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as SlotOptions from "@parley/app/SlotOptions"
import * as SessionFlags from "../configuration/SessionFlags.ts"

export interface Input
  extends SetupFlags.Flags, SetupFlags.LimitFlags, SetupFlags.AllowFlags, SessionFlags.TargetFlags {
  readonly message: ReadonlyArray<string>
  readonly stdin: Option.Option<boolean>
  readonly session: Option.Option<string>
  readonly refresh: ReadonlyArray<string>
  /** A prompt of an MCP server as `server:prompt`; the message, if any, follows it. */
  readonly prompt: Option.Option<string>
  readonly arg: ReadonlyArray<string>
  /** A file with the JSON Schema that the answer follows. */
  readonly outputSchema: Option.Option<string>
  readonly format: PrintRound.Format
  /** Whether questions about tool calls stay open. */
  readonly park: boolean
  readonly record: Option.Option<string>
}

// Most messages have no schema, so the module is not loaded for them.
const outputOf = (file: Input["outputSchema"]) =>
  Option.isNone(file)
    ? Effect.undefined
    : Effect.flatMap(
        Effect.promise(() => import("../chat/OutputSchemaFile.ts")),
        ({ load }) => load(file.value)
      )

/** Sends a message, or a prompt of an MCP server followed by the message, and shows the round. */
export const run = Effect.fn("parley run")(function* (input: Input) {
  const prompt = Option.getOrUndefined(input.prompt)
  if (prompt === undefined && input.arg.length > 0)
    return yield* new UsageError({
      problem: "--arg sets an argument of a prompt; name the prompt with --prompt SERVER:PROMPT"
    })
  const setup = yield* SetupFlags.load(input)
  const output = yield* outputOf(input.outputSchema)
  const typed = yield* prompt === undefined ? MessageInput.read(input) : MessageInput.readOptional(input)
  yield* SlotOptions.validateRefresh(setup, input.refresh)
  yield* Effect.gen(function* () {
    yield* RoundNotices.show(setup)
    yield* Caps.preferredPriced
    const written = prompt === undefined ? [] : yield* ServerPrompts.write(prompt, input.arg, "name")
    const request = [...MessageInput.outside(written), ...typed]
    // Validated before a session is created, so that a rejected message leaves no empty session behind.
    yield* Request.validate(request)
    const info = yield* SessionFlags.findOrCreate(input, setup.workspace.root, yield* WorkspacePlaces.find(setup))
    // Only an @ that the user wrote attaches something, not one in the text of a server or a pipe.
    const named = yield* SetupFlags.named(input)
    const options = { ...named, refresh: input.refresh, mentions: input.message.join(" "), output }
    yield* PrintRound.whole(setup, info, request, input.format, options)
  }).pipe(
    Effect.provide(
      Layer.provide(
        Engine.layer(setup, "stored", RecordFlag.coordinator(setup, input.record)),
        input.park ? Ports.leavingOpen : Layer.empty
      )
    )
  )
})
