import type { SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import * as Caps from "@parley/session/Caps"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Closed from "../Closed.ts"
import * as Completion from "../Completion.ts"
import * as Lines from "../internal/Lines.ts"
import * as Signals from "../internal/Signals.ts"
import * as Stdin from "../internal/Stdin.ts"
import { messageOf } from "../Advice.ts"
import * as Live from "../Live.ts"
import * as Message from "../Message.ts"
import * as Notices from "../Notices.ts"
import { Output } from "../Output.ts"
import * as Prompts from "../Prompts.ts"
import * as Questions from "../Questions.ts"
import * as RunRound from "../RunRound.ts"
import * as ServerRestarts from "../ServerRestarts.ts"
import * as Setup from "../Setup.ts"
import * as SlashCommands from "../SlashCommands.ts"
import * as Target from "../Target.ts"

export interface Input extends Setup.Flags, Setup.LimitFlags, Setup.AllowFlags, Target.TargetFlags {}

/** A conversation that is gone on with says first what became of its last round, and leaves it to the user to repeat it. */
const tellLost = Effect.fnUntraced(function* (id: SessionId) {
  const output = yield* Output
  const found = yield* SessionCoordinator.use((coordinator) => coordinator.recover)
  for (const one of found)
    if (one._tag === "Closed" && one.sessionId === id)
      yield* output.note(`parley: ${Closed.words(one)}; say "continue" to go on with it`)
})

/** The lines of a conversation. What completes them needs the engine, which is there later. */
const openReader = Effect.acquireRelease(
  Effect.sync(() => {
    let complete: Lines.Complete = (_line, done) => done([], "")
    const lines = Lines.open((line, done) => complete(line, done))
    return { lines, completeWith: (found: Lines.Complete) => void (complete = found) }
  }),
  ({ lines }) => Effect.sync(lines.close)
)
type Reader = Effect.Success<typeof openReader>

const again = "\nparley: Ctrl-C once more, /exit or Ctrl-D ends the conversation"

/** One line, one message. Ctrl-C ends the running round and not the conversation; a second one soon after ends that too. */
const conversation = Effect.fnUntraced(function* (input: Input, setup: Setup.Setup, { completeWith, lines }: Reader) {
  const output = yield* Output
  const coordinator = yield* SessionCoordinator
  yield* Notices.show(setup)
  yield* Caps.preferredPriced
  const info = yield* Target.findOrCreate(input, setup.workspace.root)
  yield* output.aside(`session ${info.id}; /help lists commands, /exit or Ctrl-D ends it`)
  if (info.open) yield* tellLost(info.id)
  const runFork = Effect.runForkWith(yield* Effect.context<McpManager>())
  let busy = false
  completeWith((line, done) => void runFork(Effect.map(Completion.complete(line), ({ hits, on }) => done(hits, on))))
  const told = new Set<string>()
  Signals.divertInterrupt(() => {
    if (busy) runFork(coordinator.cancel(info.id))
    // Nobody wants to lose a conversation to a Ctrl-C that was meant for a round which had just ended.
    else if (lines.interactive) runFork(Effect.andThen(output.note(again), Effect.sync(lines.again)))
    return busy || lines.interactive
  })
  yield* ServerRestarts.listen(setup)
  for (;;) {
    const line = yield* lines.next("> ")
    if (line === undefined || line.trim() === "/exit") return
    if (line.trim() === "") continue
    const said = Message.ofLine(line, lines.typed(), Stdin.isTerminal())
    const edit = SlashCommands.find(line, info.id, setup, Message.isTyped(said) ? "user" : "outside")
    if (edit !== undefined) {
      busy = true
      const done = yield* Effect.result(edit)
      busy = false
      if (Result.isFailure(done)) yield* output.note(`parley: ${messageOf(done.failure)}`)
      continue
    }
    // Of a pipe's next line nobody knows whether it was meant.
    if (lines.interactive) Signals.forget()
    busy = true
    const round = yield* Effect.result(
      Effect.flatMap(Prompts.ofLine(line), (prompt) =>
        prompt === undefined
          ? RunRound.run(info, said, "text", { mentions: lines.typed() })
          : // What a server writes with an @ is not the user's wish.
            RunRound.run(info, Message.outside(prompt), "text", { mentions: "" })
      )
    )
    busy = false
    if (Result.isFailure(round) || round.success.status === "completed") yield* Notices.tools(setup, told)
    if (Result.isFailure(round)) yield* output.note(`parley: ${messageOf(round.failure)}`)
    else if (round.success.status === "cancelled") yield* output.note("parley: cancelled")
  }
})

export const chat = Effect.fn("parley chat")(function* (input: Input) {
  const setup = yield* Setup.load(input)
  // Before the engine: a question of a server that starts is asked through the same reader, which keeps what was typed.
  const reader = yield* openReader
  const questions = Questions.make(reader.lines)
  yield* Effect.provide(conversation(input, setup, reader), Live.engine(setup, "stored", questions))
}, Effect.scoped)
