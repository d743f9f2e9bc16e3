import { textOf } from "@parley/domain/Content"
import { type PostId, RequestId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import type { InboxCommand, InboxProgram } from "./InboxPrograms.ts"
import type { MakeEngine } from "./ProgramEngine.ts"
import { sessionIds } from "./ProgramRunner.ts"
import type { ProgramScript } from "./Programs.ts"
import { ProgramState } from "./ProgramState.ts"
import type { EngineLimits } from "./ReferenceModel.ts"

const [session] = sessionIds

/** A message of the inbox as the program knows it. */
interface Sent {
  /** Every text that it may have: the first one, and those of edits that were or may have been accepted. */
  readonly texts: Array<string>
  readonly requestId: RequestId
  /** Set when it was accepted. */
  id?: PostId
  withdrawn: boolean
}

type Response = Extract<InboxCommand, { readonly _tag: "Send" }>["response"]

const scriptOf = ({ ending, tools }: Response): ProgramScript => ({
  turns: tools.map((tool) => ({ fails: "none", texts: [], thinks: false, tools: [tool] })),
  fails: "none",
  ending
})

/** Where a message with one of these texts is in the log. */
const placesOf = (log: ReadonlyArray<LogEntry>, { id, texts }: Sent): ReadonlyArray<LogEntry> =>
  log.filter(
    ({ event }) =>
      (event._tag === "RoundStarted" || event._tag === "MessageDelivered") &&
      event.messageId !== undefined &&
      (event.messageId === id || texts.includes(textOf(event.request)))
  )

/** A running program, and what it knows of its messages. */
class InboxState extends ProgramState {
  readonly messages: Array<Sent> = []
  private count = 0

  private fresh(response: Response): string {
    const text = `inbox ${++this.count}`
    this.world.scripts.set(text, scriptOf(response))
    this.world.owners.set(text, session)
    return text
  }

  handle(text: string, writer: number, response: Response) {
    return this.send(text, session, writer, scriptOf(response))
  }

  deliver({ again, delivery, response, writer }: Extract<InboxCommand, { readonly _tag: "Send" }>) {
    return Effect.gen({ self: this }, function* () {
      const running = yield* this.process(writer)
      const before = again ? this.messages.at(-1) : undefined
      const text = this.fresh(response)
      const message = before ?? { texts: [text], requestId: RequestId.make(`id ${text}`), withdrawn: false }
      if (before === undefined) this.messages.push(message)
      const { requestId } = message
      // Whether a process that dies meanwhile has accepted it is not known.
      const sending = running.engine.send(session, { request: text, delivery, requestId }).pipe(
        Effect.exit,
        Effect.map((exit) => {
          if (!running.process.alive) return
          if (Exit.isSuccess(exit)) message.id = exit.value.messageId
          else this.expect(message.withdrawn || again, `${text} was not accepted`)
        })
      )
      if (before !== undefined) message.texts.push(text)
      yield* this.job(`send ${text}`, running, sending)
    })
  }

  edit(nth: number, writer: number) {
    return Effect.gen({ self: this }, function* () {
      const message = this.messages.at(-1 - nth)
      if (message?.id === undefined) return
      const { id } = message
      const running = yield* this.process(writer)
      const text = this.fresh({ tools: [], ending: "answer" })
      message.texts.push(text)
      yield* this.job(`edit ${id}`, running, Effect.ignore(running.engine.editMessage(session, id, text)))
    })
  }

  withdraw(nth: number, writer: number) {
    return Effect.gen({ self: this }, function* () {
      const message = this.messages.at(-1 - nth)
      if (message?.id === undefined) return
      const { id } = message
      const running = yield* this.process(writer)
      const withdrawing = Effect.exit(running.engine.withdrawMessage(session, id)).pipe(
        Effect.map((exit) => {
          if (Exit.isSuccess(exit) && running.process.alive) message.withdrawn = true
        })
      )
      yield* this.job(`withdraw ${id}`, running, withdrawing)
    })
  }

  /** Runs until nothing progresses, however much time passes. */
  readonly quiet = Effect.gen({ self: this }, function* () {
    let { progress } = this.world
    for (let still = 0; still < 100; still++) {
      yield* Effect.yieldNow
      if (progress !== this.world.progress) still = 0
      progress = this.world.progress
      if (still % 25 === 24) yield* TestClock.adjust("2 seconds")
    }
  })

  /** What must hold at any time; `isEnd`: and what must hold in the end. */
  check(isEnd: boolean) {
    return Effect.gen({ self: this }, function* () {
      const log = yield* this.sessions.read(session, 0)
      for (const message of this.messages) {
        const places = placesOf(log, message)
        const name = `${message.id ?? "a message"} (${message.texts[0]})`
        this.expect(places.length <= 1, `56 delivered once: ${name} is in the log ${places.length} times`)
        this.expect(!message.withdrawn || places.length === 0, `56 delivered once: ${name} was withdrawn`)
        if (isEnd && message.id !== undefined && !message.withdrawn)
          this.expect(places.length === 1, `56 delivered once: ${name} was accepted and is lost`)
      }
      for (const { event, seq } of log) if (event._tag === "MessageDelivered") this.reached(log, seq, event.request)
    }).pipe(Effect.orDie)
  }

  /** A message that was delivered during a round is in the request of the round's next turn. */
  private reached(log: ReadonlyArray<LogEntry>, seq: number, request: Parameters<typeof textOf>[0]): void {
    const next = log.find((entry) => entry.seq > seq && entry.event._tag === "TurnStarted")?.event
    if (next?._tag !== "TurnStarted") return
    const sent = this.world.requests.find(({ turnId }) => turnId === next.turnId)
    if (sent === undefined) return
    const content = sent.request.messages.at(-1)?.content ?? []
    this.expect(
      content.some((block) => block._tag === "Text" && block.text === textOf(request)),
      `56 delivered once: ${textOf(request)} is not in the request of ${next.turnId}`
    )
  }
}

const act = (state: InboxState, n: number, command: InboxCommand) => {
  switch (command._tag) {
    case "Handle":
      return state.handle(`handled ${n}`, command.writer, command.response)
    case "Send":
      return state.deliver(command)
    case "Edit":
      return state.edit(command.nth, command.writer)
    case "Withdraw":
      return state.withdraw(command.nth, command.writer)
    case "Cancel":
      return state.cancel(session)
    case "Crash":
      return state.crash(command.writer)
  }
}

/**
 * Runs a program of messages in its own world, and returns the violations found. Finally all processes die, and a new one
 * handles one more message: then every message that was accepted and not withdrawn must have been delivered. Requires an
 * empty store and a `TestClock`.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fnUntraced(function* (program: InboxProgram, engine: MakeEngine, limits: EngineLimits) {
  const sessions = yield* SessionManager
  const state = new InboxState(sessions, engine, limits)
  yield* state.watch(session)
  for (const [n, { command, go }] of program.entries()) {
    yield* act(state, n + 1, command)
    yield* go === "rest" ? state.quiet : Effect.repeat(Effect.yieldNow, { times: go })
    yield* state.check(false)
  }
  yield* state.quiet
  for (const writer of [0, 1]) yield* state.crash(writer)
  yield* state.handle("the last one", 0, { tools: [], ending: "answer" })
  yield* state.quiet
  state.expect(state.answerOf("the last one") === "completed", `the last one: ${state.answerOf("the last one")}`)
  yield* state.check(true)
  yield* state.checkInvariants
  return state.violations
}, Effect.scoped)
