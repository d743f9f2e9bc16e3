import type { SessionId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import * as Caps from "@parley/session/Caps"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Delivering from "../chat/Delivering.ts"
import * as InboxLines from "../chat/InboxLines.ts"
import * as RecoveryText from "../chat/RecoveryText.ts"
import * as Completion from "../chat/Completion.ts"
import type { Conversation } from "../chat/Conversation.ts"
import * as Lines from "../terminal/Lines.ts"
import * as Signals from "../terminal/Signals.ts"
import * as Stdin from "../terminal/Stdin.ts"
import { messageOf } from "../errors/Advice.ts"
import * as Engine from "@parley/app/Engine"
import * as MessageInput from "../chat/MessageInput.ts"
import * as RoundNotices from "../chat/RoundNotices.ts"
import { Output } from "../output/Output.ts"
import * as ServerPrompts from "@parley/app/ServerPrompts"
import * as Person from "../consent/Person.ts"
import * as Ports from "../consent/Ports.ts"
import * as PrintRound from "../chat/PrintRound.ts"
import * as ServerRestarts from "@parley/app/ServerRestarts"
import * as RecordFlag from "../configuration/RecordFlag.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as SlashCommands from "../chat/SlashCommands.ts"
import * as WorkspacePlaces from "../chat/WorkspacePlaces.ts"
import * as SessionFlags from "../configuration/SessionFlags.ts"

export interface Input
  extends SetupFlags.Flags, SetupFlags.LimitFlags, SetupFlags.AllowFlags, SessionFlags.TargetFlags {
  readonly record: Option.Option<string>
}

/**
 * On resume, reports how recovery closed the session's last round. The round is not repeated unless the user asks. Returns
 * whether the round waits for answers instead.
 */
const tellLost = Effect.fnUntraced(function* (id: SessionId) {
  const output = yield* Output
  const found = yield* SessionCoordinator.use((coordinator) => coordinator.recover)
  for (const one of found)
    if (one._tag === "Closed" && one.sessionId === id)
      yield* output.note(`parley: ${RecoveryText.words(one)}; type "continue" to resume it`)
  return found.some((one) => one._tag === "Waiting" && one.sessionId === id)
})

/** Opens the reader of the conversation's lines. Completion needs the engine, so it is set once the engine runs. */
const openReader = Effect.acquireRelease(
  Effect.sync(() => {
    let complete: Lines.Complete = (_line, done) => done([], "")
    const lines = Lines.open((line, done) => complete(line, done))
    return { lines, completeWith: (found: Lines.Complete) => void (complete = found) }
  }),
  ({ lines }) => Effect.sync(lines.close)
)
type Reader = Effect.Success<typeof openReader>

const again = "\nparley: to end the conversation, press Ctrl-C again or Ctrl-D, or type /exit"

/** Sends each line as a message. Ctrl-C cancels the running round only; a second one soon after ends the conversation. */
const conversation = Effect.fnUntraced(function* (
  input: Input,
  setup: SetupFlags.Setup,
  { completeWith, lines }: Reader
) {
  const output = yield* Output
  yield* RoundNotices.show(setup)
  yield* Caps.preferredPriced
  const info = yield* SessionFlags.findOrCreate(input, setup.workspace.root, yield* WorkspacePlaces.find(setup))
  yield* output.aside(`session ${info.id}; type /help for the commands, /exit or Ctrl-D to end`)
  const waits = info.open && (yield* tellLost(info.id))
  const current: Conversation = { id: info.id, named: yield* SetupFlags.named(input) }
  const runFork = Effect.runForkWith(yield* Effect.context<McpManager | SessionCoordinator | Output>())
  const inOrder = yield* Semaphore.make(1)
  /** Sends what is typed during a round. Commands are read after the round. */
  const meanwhile = (line: string, typed: string): boolean => {
    const meant = InboxLines.meaning(typed)
    if (meant === undefined) return false
    const [first = "", ...rest] = MessageInput.ofLine(line, typed, Stdin.isTerminal())
    const request = [typeof first === "string" ? first.slice(meant.skips) : first, ...rest]
    runFork(inOrder.withPermit(InboxLines.send(current.id, request, meant.delivery)))
    return true
  }
  let running: Fiber.Fiber<unknown, unknown> | undefined
  /** Runs what a line asks for, until Ctrl-C interrupts it. Interrupting a round cancels it and shows it to its end. */
  const interruptible = <A, E, R>(work: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(work, { startImmediately: true })
      running = fiber
      const exit = yield* Fiber.await(fiber).pipe(
        Effect.onInterrupt(() => Fiber.interrupt(fiber)),
        Effect.ensuring(Effect.sync(() => (running = undefined)))
      )
      return Exit.hasInterrupts(exit) ? ("cancelled" as const) : yield* Effect.asVoid(exit).pipe(Effect.result)
    })
  const send = (line: string, parts: MessageInput.Parts) =>
    Effect.gen(function* () {
      const { id, named } = current
      const mentions = lines.typed()
      const prompt = yield* ServerPrompts.ofLine(line)
      const show = yield* Delivering.text(id)
      yield* lines.meanwhile(meanwhile)
      // Messages that stayed after a cancelled round come first.
      yield* Delivering.before(id, show)
      const { head } = yield* SessionManager.use((sessions) => sessions.get(id))
      const round = yield* Effect.result(
        prompt === undefined
          ? PrintRound.run(current, parts, "text", { ...named, mentions })
          : // An @ in the text of a server attaches nothing: the user did not write it.
            PrintRound.run(current, MessageInput.outside(prompt), "text", { ...named, mentions: "" })
      )
      if (Result.isFailure(round)) yield* output.note(`parley: ${messageOf(round.failure)}`)
      yield* Delivering.afterwards(id, head, show)
    }).pipe(Effect.scoped)
  completeWith((line, done) => void runFork(Effect.map(Completion.complete(line), ({ hits, on }) => done(hits, on))))
  const noticed = new Set<string>()
  Signals.divertInterrupt(() => {
    const isBusy = running !== undefined
    if (running !== undefined) running.pipe(Fiber.interrupt, runFork)
    // The Ctrl-C may have been meant for a round that had just ended, so it does not end the conversation yet.
    else if (lines.interactive) runFork(Effect.andThen(output.note(again), Effect.sync(lines.again)))
    return isBusy || lines.interactive
  })
  yield* ServerRestarts.listen(setup)
  if (waits) {
    yield* output.note("parley: the last round waits for answers, and continues now")
    const outcome = yield* interruptible(PrintRound.resume(info.id, "text"))
    if (outcome === "cancelled") yield* output.note("parley: cancelled")
    else if (Result.isFailure(outcome)) yield* output.note(`parley: ${messageOf(outcome.failure)}`)
  }
  for (;;) {
    const line = yield* lines.next("> ")
    if (line === undefined || line.trim() === "/exit") return
    if (line.trim() === "") continue
    const parts = MessageInput.ofLine(line, lines.typed(), Stdin.isTerminal())
    const edit = SlashCommands.find(line, current, MessageInput.isTyped(parts) ? "user" : "outside")
    // A line that a person typed after Ctrl-C shows that they want to continue; the next line of a pipe shows nothing.
    if (edit === undefined && lines.interactive) Signals.forget()
    const outcome = yield* edit === undefined ? interruptible(send(line, parts)) : interruptible(edit)
    if (outcome === "cancelled") yield* output.note("parley: cancelled")
    else {
      if (edit === undefined) yield* RoundNotices.tools(setup, noticed)
      if (Result.isFailure(outcome)) yield* output.note(`parley: ${messageOf(outcome.failure)}`)
    }
  }
})

export const chat = Effect.fn("parley chat")(function* (input: Input) {
  const setup = yield* SetupFlags.load(input)
  // Opened before the engine: a server may ask a question while it starts, and this reader keeps what was typed before.
  const reader = yield* openReader
  const person = Ports.withPerson(Person.make(reader.lines))
  const engine = Engine.layer(setup, "stored", RecordFlag.coordinator(setup, input.record))
  yield* Effect.provide(conversation(input, setup, reader), Layer.provide(engine, person))
}, Effect.scoped)
