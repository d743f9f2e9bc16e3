import { DynamicContextManager } from "@parley/domain/DynamicContextManager"
import { FilesManager } from "@parley/domain/FilesManager"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Engine, MakeEngine, ProgramOptions } from "./ProgramEngine.ts"
import { deniedReason } from "./ProgramScripts.ts"
import type { ProgramConfig, ProgramScript } from "./Programs.ts"
import type { Disturbance, EngineLimits } from "./ReferenceModel.ts"
import * as World from "./ProgramWorld.ts"
import { answerOf, type Job, type Running, type Sending, usesSessions } from "./ProgramJobs.ts"
import { sessionsOf } from "./ProgramSessions.ts"
import * as RoundsInEffect from "./RoundsInEffect.ts"

/** The processes of a program, and the operations on them. */
export class ProgramProcesses {
  readonly world = new World.ProgramWorld()
  readonly violations: Array<string> = []
  /** How many rounds each finished recovery closed. */
  readonly recovered: Array<number> = []
  protected readonly sent: Array<Sending> = []
  protected readonly jobs: Array<Job> = []
  protected readonly running = new Map<number, Running>()

  protected readonly sessions: SessionManager["Service"]
  protected readonly engine: MakeEngine
  protected readonly limits: EngineLimits
  protected readonly options: ProgramOptions
  constructor(
    sessions: SessionManager["Service"],
    engine: MakeEngine,
    limits: EngineLimits,
    options: ProgramOptions = {}
  ) {
    this.sessions = sessions
    this.engine = engine
    this.limits = limits
    this.options = options
  }

  expect(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation)
  }

  answerOf(text: string): string | undefined {
    return this.sent.find((message) => message.text === text)?.answer
  }

  /** The managers of a new process: the user's own ones, and the scripted ones for all others. */
  private get managers() {
    const { world } = this
    const scripted = Context.make(ModelsManager, World.modelsOf(world)).pipe(
      Context.add(McpManager, World.mcpOf(world)),
      Context.add(PromptManager, World.promptOf(world)),
      Context.add(FilesManager, World.filesOf(world)),
      Context.add(DynamicContextManager, World.dynamicOf(world))
    )
    const { managers } = this.options
    if (managers === undefined) return Effect.succeed(scripted)
    return Layer.fresh(managers).pipe(
      Layer.build,
      Effect.provideContext(scripted),
      Effect.map((own) => Context.merge(scripted, own))
    )
  }

  /** The process of a writer; a new one after a crash. Its scope is never closed: a killed process cannot clean up. */
  protected process(writer: number): Effect.Effect<Running> {
    return Effect.suspend(() => {
      const there = this.running.get(writer)
      if (there !== undefined) return Effect.succeed(there)
      const process = new World.Process()
      const { world } = this
      const sessionOf = (text: string) =>
        this.sent.find((message) => message.text === text)?.sessionId ?? world.owners.get(text)
      return Effect.gen({ self: this }, function* () {
        const scope = yield* Scope.make()
        const managers = yield* Scope.provide(this.managers, scope)
        const models = Context.get(managers, ModelsManager)
        const engine = yield* this.engine.pipe(
          Effect.provideService(SessionManager, sessionsOf(world, process, this.sessions)),
          Effect.provideService(ModelsManager, World.recordedModels(world, process, sessionOf, models)),
          Effect.provideService(McpManager, World.recordedTools(world, process, Context.get(managers, McpManager))),
          Effect.provideService(PromptManager, Context.get(managers, PromptManager)),
          Effect.provideService(FilesManager, Context.get(managers, FilesManager)),
          Effect.provideService(DynamicContextManager, Context.get(managers, DynamicContextManager)),
          Effect.provideService(ToolPolicy, World.policyOf(world)),
          Scope.provide(scope)
        )
        const running: Running = { process, scope, engine }
        this.running.set(writer, running)
        return running
      })
    })
  }

  protected job<E>(name: string, { process, scope }: Running, effect: Effect.Effect<unknown, E>) {
    return Effect.forkIn(effect, scope, { startImmediately: true }).pipe(
      Effect.map((fiber) => void this.jobs.push({ name, process, fiber }))
    )
  }

  /** Messages of live processes that are not answered yet. */
  protected get pending(): ReadonlyArray<Sending> {
    return this.sent.filter((message) => message.answer === undefined && message.process.alive)
  }

  protected disturb(messages: ReadonlyArray<Sending>, by: Disturbance): void {
    for (const message of messages) {
      message.disturbed.add(by)
      // What is left of its round may wait for answers.
      if (by === "crash" || by === "writer" || by === "disk") message.disturbed.add("parked")
    }
  }

  send(text: string, sessionId: SessionId, writer: number, script: ProgramScript, edits = false) {
    return Effect.gen({ self: this }, function* () {
      const log = edits ? yield* Effect.orDie(this.sessions.read(sessionId, 0)) : []
      const edit = RoundsInEffect.of(log).rounds.at(-1)
      const running = yield* this.process(writer)
      const { process } = running
      const others = this.pending.filter((other) => other.sessionId === sessionId && other.process !== process)
      const disturbed = new Set<Disturbance>()
      const configs = [this.world.config]
      const message: Sending = {
        text,
        sessionId,
        writer,
        script,
        process,
        disturbed,
        configs,
        edits: edit !== undefined,
        answer: undefined
      }
      const using = new Set(["recover", `undo ${sessionId}`])
      const recovering = this.jobs.some(
        (job) =>
          (usesSessions.test(job.name) || using.has(job.name)) &&
          job.process !== process &&
          job.fiber.pollUnsafe() === undefined
      )
      if (others.length > 0 || recovering) this.disturb([...others, message], "contended")
      if (this.world.disk.mode !== "works") this.disturb([message], "disk")
      this.world.scripts.set(text, script)
      this.sent.push(message)
      message.fiber = yield* running.engine.handleMessage({ sessionId, request: text, edit }).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            this.world.progress++
            if (process.alive) message.answer = answerOf(exit)
            if (message.answer === "waiting") message.disturbed.add("parked")
          })
        ),
        Effect.forkIn(running.scope, { startImmediately: true })
      )
    })
  }

  cancel(sessionId: SessionId) {
    return Effect.gen({ self: this }, function* () {
      this.disturb(
        this.pending.filter((message) => message.sessionId === sessionId),
        "cancel"
      )
      for (const running of this.running.values())
        yield* this.job(`cancel ${sessionId}`, running, running.engine.cancel(sessionId))
    })
  }

  interrupt(sessionId: SessionId) {
    return Effect.gen({ self: this }, function* () {
      const message = this.pending.findLast((message) => message.sessionId === sessionId)
      const running = [...this.running.values()].find(({ process }) => process === message?.process)
      if (message?.fiber === undefined || running === undefined) return
      message.disturbed.add("cancel")
      yield* this.job(`interrupt ${message.text}`, running, Fiber.interrupt(message.fiber))
    })
  }

  crash(writer: number): Effect.Effect<void> {
    const running = this.running.get(writer)
    if (running === undefined) return Effect.void
    this.disturb(
      this.pending.filter((message) => message.process === running.process),
      "crash"
    )
    running.process.alive = false
    this.running.delete(writer)
    return running.process.lapse
  }

  /** Pauses a live process for so long that its leases expire and other processes may acquire its sessions. */
  lapse(writer: number): Effect.Effect<void> {
    const running = this.running.get(writer)
    if (running === undefined) return Effect.void
    this.disturb(
      this.pending.filter((message) => message.process === running.process),
      "writer"
    )
    return running.process.lapse
  }

  /** Undoes rounds of a session, or brings them back, which changes its log like a message. */
  undo(sessionId: SessionId, writer: number, rounds: number | "redo") {
    return Effect.gen({ self: this }, function* () {
      const running = yield* this.process(writer)
      const { engine, process } = running
      this.disturb(
        this.pending.filter((message) => message.sessionId === sessionId && message.process !== process),
        "contended"
      )
      const undoing = rounds === "redo" ? engine.redo(sessionId) : engine.undo(sessionId, { rounds })
      yield* this.job(`undo ${sessionId}`, running, this.withoutDefect("an undo", undoing))
    })
  }

  protected withoutDefect<E>(what: string, effect: Effect.Effect<unknown, E>) {
    return Effect.tapCause(effect, (cause) =>
      Effect.sync(() => this.expect(!Cause.hasDies(cause), `${what} died: ${Cause.pretty(cause)}`))
    )
  }

  configure(config: ProgramConfig): void {
    this.world.config = config
    for (const message of this.pending) message.configs.push(config)
  }

  disturbDisk(disk: World.ProgramWorld["disk"]): void {
    this.world.disk = disk
    if (disk.mode !== "works") this.disturb(this.pending, "disk")
  }

  /** Starts a job that holds the lease of a session for some time. Others that use sessions now may be refused. */
  private contending<E>(writer: number, name: string, work: (engine: Engine) => Effect.Effect<unknown, E>) {
    return Effect.gen({ self: this }, function* () {
      const running = yield* this.process(writer)
      const others = this.pending.filter((message) => message.process !== running.process)
      this.disturb(others, "contended")
      yield* this.job(name, running, work(running.engine))
    })
  }

  /** Answers the oldest open question of a session. */
  answer(writer: number, sessionId: SessionId, allow: boolean) {
    const given = allow
      ? ({ allowed: true, scope: "once" } as const)
      : ({ allowed: false, reason: deniedReason } as const)
    return this.contending(writer, `answer ${sessionId}`, ({ answer, questions }) =>
      Effect.gen({ self: this }, function* () {
        const [question] = yield* questions(sessionId)
        if (question === undefined) return
        // The round continues as a job of its own, so that what it disturbs is known.
        yield* answer(sessionId, question.questionId, given, { continues: false })
        this.world.progress++
      })
    )
  }

  /** Continues a round that waits for answers. */
  resume(writer: number, sessionId: SessionId) {
    return this.contending(writer, `resume ${sessionId}`, (engine) => Stream.runDrain(engine.resume(sessionId)))
  }

  recover(writer: number) {
    return this.contending(writer, "recover", (engine) =>
      Effect.map(
        engine.recover,
        (found) => void this.recovered.push(found.filter(({ _tag }) => _tag !== "Waiting").length)
      )
    )
  }
}
