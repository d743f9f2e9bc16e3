import { textOf } from "@parley/domain/Content"
import type { SessionId } from "@parley/domain/Ids"
import * as Message from "@parley/domain/Message"
import { endsRound, type LogEntry } from "@parley/domain/SessionEvent"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Invariants from "../invariants/Invariants.ts"
import { compare } from "./ReferenceModel.ts"

import { ProgramProcesses } from "./ProgramProcesses.ts"

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The log up to the last event outside of a round. */
const closedPart = (log: ReadonlyArray<LogEntry>): ReadonlyArray<LogEntry> => {
  const last = log.findLastIndex(({ event }) => endsRound(event) || event._tag === "RoundStarted")
  return log[last]?.event._tag === "RoundStarted" ? log.slice(0, last) : log
}

/** The text of the message whose round is open; empty if none is. */
const openMessage = (log: ReadonlyArray<LogEntry>): string => {
  const last = log.findLast(({ event }) => event._tag === "RoundStarted" || endsRound(event))
  return last?.event._tag === "RoundStarted" ? textOf(last.event.request) : ""
}

/** A running program, and everything that is observed of it. */
export class ProgramState extends ProgramProcesses {
  private readonly seen = new Map<SessionId, Array<LogEntry>>()
  private readonly snapshots = new Map<SessionId, Array<ReadonlyArray<LogEntry>>>()

  /** The findings of the last checked session. The same facts are known of all sessions, so one represents all. */
  findings: Pick<Invariants.Findings, "checked" | "unchecked"> = { checked: [], unchecked: [] }

  /** How many rounds were admitted. */
  get rounds(): number {
    return [...this.world.committed.values()].flat().filter(({ event }) => event._tag === "RoundStarted").length
  }

  watch(id: SessionId) {
    const seen: Array<LogEntry> = []
    this.seen.set(id, seen)
    this.snapshots.set(id, [])
    return this.sessions.create({ id }).pipe(
      Effect.andThen(
        Effect.forkScoped(
          Stream.runForEach(this.sessions.follow(id, 0), (entry) => Effect.sync(() => seen.push(entry))),
          { startImmediately: true }
        )
      ),
      Effect.orDie
    )
  }

  /** Previews a session without a running round: two previews are equal and legal, and neither stores or sends anything. */
  preview(sessionId: SessionId) {
    return Effect.gen({ self: this }, function* () {
      if (this.pending.some((message) => message.sessionId === sessionId)) return
      const running = yield* this.process(0)
      const show = running.engine.buildContext(sessionId, "a preview")
      const before = yield* this.sessions.read(sessionId, 0)
      const sent = () => this.world.requests.filter((request) => request.sessionId === sessionId).length
      const requests = sent()
      const [one, two] = [yield* Effect.exit(show), yield* Effect.exit(show)]
      const after = yield* this.sessions.read(sessionId, 0)
      this.expect(same(before, after), "a preview stored something")
      this.expect(sent() === requests, "a preview sent something")
      this.expect(same(one, two), "27 replay: a second preview shows something else")
      const required = this.world.config.slot === "required"
      const { predictable = true } = this.options
      this.expect(
        !predictable || Exit.isSuccess(one) !== required,
        "a preview failed, or a required slot did not fail it"
      )
      if (Exit.isSuccess(one)) {
        const rule = Message.illegal(one.value.request.messages)
        this.expect(rule === undefined, `25 legal: a preview shows ${rule}`)
      }
    }).pipe(Effect.orDie)
  }

  /**
   * Forks a session, whatever it is doing: the fork has the closed part of its log and, if the session rests, the same next
   * request.
   */
  fork(sessionId: SessionId, writer: number) {
    return Effect.gen({ self: this }, function* () {
      const running = yield* this.process(writer)
      const forking = Effect.gen({ self: this }, function* () {
        const before = yield* this.sessions.read(sessionId, 0)
        const { id } = yield* running.engine.fork(sessionId)
        const log = yield* this.sessions.read(id, 0)
        const after = yield* this.sessions.read(sessionId, 0)
        const copied = log.slice(0, -1)
        const through = copied.at(-1)?.seq ?? 0
        this.expect(
          same(
            copied,
            after.filter(({ seq }) => seq <= through)
          ),
          "a fork has other events than its origin"
        )
        this.expect(closedPart(copied).length === copied.length, "a fork has an open round")
        this.expect(through >= (closedPart(before).at(-1)?.seq ?? 0), "a fork lacks a closed round")
        this.expect(log.at(-1)?.event._tag === "Forked", "a fork does not name its origin")
        for (const violation of Invariants.check({ log, info: yield* this.sessions.get(id) }).violations)
          this.violations.push(`of a fork: ${violation}`)
        if (this.pending.length > 0 || !same(before, after) || through !== after.at(-1)?.seq) return
        const next = (of: SessionId) =>
          Effect.exit(Effect.map(running.engine.buildContext(of, "a preview"), ({ request }) => request))
        const [one, two] = [yield* next(sessionId), yield* next(id)]
        this.expect(
          this.pending.length > 0 || Exit.isSuccess(one) !== Exit.isSuccess(two) || same(one, two),
          "a fork begins with another request than its origin"
        )
      })
      yield* this.job("fork", running, this.withoutDefect("a fork", forking))
    })
  }

  /** What a session's fork answers to a message is what the reference model allows. */
  goesOnForked(sessionId: SessionId) {
    return Effect.gen({ self: this }, function* () {
      const { engine } = yield* this.process(0)
      const { id } = yield* engine.fork(sessionId)
      const text = `and now, in a fork of ${sessionId}?`
      yield* this.send(text, id, 0, { turns: [], fails: "none", ending: "answer" })
      yield* this.rest
      this.expect(this.answerOf(text) === "completed", `a fork of ${sessionId} does not answer: ${this.answerOf(text)}`)
      const sent = this.sent.filter((message) => message.sessionId === sessionId || message.sessionId === id)
      const requests = this.world.requests.filter((request) => request.sessionId === id)
      for (const violation of compare(sent, yield* this.sessions.read(id, 0), requests, this.limits, this.options))
        this.violations.push(`51 model-equivalence, of a fork: ${violation}`)
    }).pipe(Effect.orDie)
  }

  private get busy(): ReadonlyArray<string> {
    const jobs = this.jobs.filter(({ fiber, process }) => process.alive && fiber.pollUnsafe() === undefined)
    return [...this.pending.map(({ text }) => text), ...jobs.map(({ name }) => name)]
  }

  /** Runs until nothing is left to do. Cancels only those rounds that end in no other way. */
  readonly rest = Effect.suspend(() => this.settle())

  /** Whether a round of the session ends only by a cancellation. It may be one that was sent earlier and continues now. */
  private hangs(id: SessionId): boolean {
    const { scripts, unanswered } = this.world
    const open = openMessage(this.world.committed.get(id) ?? [])
    const running = [
      scripts.get(open),
      ...this.pending.filter(({ sessionId }) => sessionId === id).map(({ script }) => script)
    ]
    return running.some((script) => {
      const tools = script?.turns.flatMap((turn) => turn.tools) ?? []
      return script?.ending === "silence" || tools.includes("hangs") || (tools.includes("asked") && unanswered.has(id))
    })
  }

  private settle() {
    return Effect.gen({ self: this }, function* () {
      let progress = this.world.progress
      for (let still = 1; this.busy.length > 0; still++) {
        yield* Effect.yieldNow
        if (progress !== this.world.progress) still = 1
        progress = this.world.progress
        // Enough time for a pending retry. The clock advances only when nothing progresses, so a slow tool is unaffected.
        if (still % 20 === 0 && still <= 100) yield* TestClock.adjust("5 seconds")
        if (still === 200) {
          for (const id of this.seen.keys()) if (this.hangs(id)) yield* this.cancel(id)
        }
        if (still === 400) {
          this.violations.push(`35 cancel anywhere: nothing progresses, and these are unfinished: ${this.busy.join()}`)
          for (const writer of this.running.keys()) yield* this.crash(writer)
        }
      }
      // Let subscribers catch up.
      yield* Effect.repeat(Effect.yieldNow, { times: 5 })
    })
  }

  /** Invariant 51: the log is one that the reference model allows. Also takes a snapshot, to check that events are kept. */
  readonly compare = Effect.suspend(() =>
    Effect.forEach(
      this.seen.keys(),
      (id) =>
        Effect.map(this.sessions.read(id, 0), (log) => {
          this.snapshots.get(id)?.push(log)
          const sent = this.sent.filter((message) => message.sessionId === id)
          const requests = this.world.requests.filter((request) => request.sessionId === id)
          for (const violation of compare(sent, log, requests, this.limits, this.options))
            this.violations.push(`51 model-equivalence: ${violation}`)
        }),
      { discard: true }
    )
  ).pipe(Effect.orDie)

  readonly checkInvariants = Effect.suspend(() =>
    Effect.forEach(
      this.seen,
      ([id, seen]) =>
        Effect.gen({ self: this }, function* () {
          const log = yield* this.sessions.read(id, 0)
          const order = new Map(
            log.flatMap(({ event, seq }) =>
              event._tag === "TurnStarted" ? [[String(event.turnId), seq] as const] : []
            )
          )
          const recorded = this.world.requests
            .filter((request) => request.sessionId === id)
            .sort((a, b) => (order.get(a.turnId ?? "") ?? 0) - (order.get(b.turnId ?? "") ?? 0))
          const findings = Invariants.check({
            log,
            seen,
            requests: recorded.map(({ request }) => request),
            recorded,
            calls: this.world.calls.filter(({ key }) => key.startsWith(`${id}/`)),
            toolConcurrency: this.limits.toolConcurrency,
            snapshots: [...(this.snapshots.get(id) ?? []), log],
            committed: this.world.committed.get(id) ?? [],
            info: yield* this.sessions.get(id)
          })
          this.violations.push(...findings.violations)
          this.findings = findings
        }),
      { discard: true }
    )
  ).pipe(Effect.orDie)
}
