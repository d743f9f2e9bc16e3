import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process"
import { existsSync } from "node:fs"
import { env } from "node:process"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { lastWords } from "./LastWords.ts"
import { plainLine } from "@parley/domain/VisibleText"
import { type Ending, ownGroup, terminate, watch } from "./ProcessGroup.ts"
import { backlogFull } from "../sdk/SdkFailure.ts"
import { makeStderrTail } from "./StderrTail.ts"
import { markName } from "./ServerMark.ts"

/** A server is not running. `problem` states the reason for a person. */
export class ServerDown extends Schema.TaggedError<ServerDown>()("ServerDown", {
  problem: Schema.String,
  /** The HTTP status of the server's refusal, if there was one. */
  status: Schema.optionalKey(Schema.Int),
  /** The server responded, and its response is the problem. How its process ends later does not matter. */
  answered: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message(): string {
    return this.problem
  }
}

interface ChildServerOptions {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  readonly cwd: string | undefined
  readonly ending: Ending
  readonly onStderr: ((text: string) => void) | undefined
}

const inherited = new Set(["PATH", "HOME", "LANG", "TERM", "TMPDIR", "USER", "SHELL"])

/**
 * The environment of a child server. It contains the parent's variables that a program needs to find its files and to use
 * the user's language, the mark of this server process, and the variables that the configuration declares, which may
 * override the mark. API keys and all other variables of the parent are not passed on.
 */
export const childEnvironment = (
  declared: { readonly [name: string]: string } = {},
  parent: { readonly [name: string]: string | undefined } = env,
  mark?: string
): { readonly [name: string]: string } => ({
  ...Object.fromEntries(
    Object.entries(parent).flatMap(([name, value]) =>
      // Values that start with `()` are functions exported by a shell. They are code and are not passed on.
      value !== undefined && (inherited.has(name) || name.startsWith("LC_")) && !value.startsWith("()")
        ? [[name, value]]
        : []
    )
  ),
  ...(mark === undefined ? {} : { [markName]: mark }),
  ...declared
})

/** A started server program and its three pipes. */
export interface ChildServer {
  readonly pid: number | undefined
  readonly write: (text: string) => Promise<void>
  readonly endInput: () => void
  readonly onData: (listener: (chunk: Buffer) => void) => void
  /** Pauses (`true`) or resumes (`false`) reading its output. */
  readonly pauseReading: (isPaused: boolean) => void
  /** Completes after the process has ended and its output has been read, with a description of how it ended. */
  readonly ended: Effect.Effect<string>
  /** From now on its standard output contains protocol messages and no explanation of a failure. */
  readonly markInitialized: () => void
  /** The part of its output that may explain a failure, on one line, or an empty string. */
  readonly lastWords: () => string
}

const spawnProblem = (cause: unknown, { command, cwd }: ChildServerOptions): string => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "ENOENT" && cwd !== undefined && !existsSync(cwd)) return `there is no directory ${plainLine(cwd)}`
  if (code === "ENOENT") return `the command ${plainLine(command)} was not found`
  if (code === "EACCES") return `the command ${plainLine(command)} cannot be executed`
  return `the command ${plainLine(command)} could not be started: ${plainLine(String(cause))}`
}

interface Started {
  readonly child: ChildProcessWithoutNullStreams
  readonly spawned: Deferred.Deferred<void, ServerDown>
  readonly exited: Deferred.Deferred<string>
  readonly closed: Deferred.Deferred<void>
}

// All listeners are attached before the first event, because `spawn` reports everything on a later tick.
const start = (options: ChildServerOptions): Started => {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    shell: false,
    detached: ownGroup,
    windowsHide: true
  })
  const spawned = Deferred.makeUnsafe<void, ServerDown>()
  const exited = Deferred.makeUnsafe<string>()
  const closed = Deferred.makeUnsafe<void>()
  child.once("spawn", () => {
    watch(child, options.ending.mark)
    Deferred.doneUnsafe(spawned, Effect.void)
  })
  child.on("error", (cause) =>
    Deferred.doneUnsafe(spawned, Effect.fail(new ServerDown({ problem: spawnProblem(cause, options) })))
  )
  child.once("exit", (code, signal) =>
    Deferred.doneUnsafe(exited, Effect.succeed(signal === null ? `exited with code ${code}` : `was ended by ${signal}`))
  )
  child.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
  // A pipe whose other end is closed emits `error`, and Node throws an `error` event that has no listener.
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on("error", () => {})
  return { child, spawned, exited, closed }
}

/** The number of output lines that are searched for an error. */
const manyLines = 500

/** The maximum number of bytes that wait for a server to read them. Further writes are rejected: a server may never read. */
const backlogLimit = 4 * 1024 * 1024

const write = (child: ChildProcessWithoutNullStreams, text: string): Promise<void> => {
  const { promise, reject, resolve } = Promise.withResolvers<void>()
  if (child.stdin.writableLength > backlogLimit) {
    reject(Object.assign(new Error("it does not read what it is sent"), { code: backlogFull }))
    return promise
  }
  child.stdin.write(text, (error) => {
    if (error === null || error === undefined) resolve()
    else reject(error)
  })
  return promise
}

/**
 * Starts a server program without a shell, with exactly the given environment. Closing the scope ends the program, its
 * process group, and processes that have left the group but carry its mark. Its standard error never reaches a terminal: it
 * is read immediately and only its last part is kept.
 */
export const startChildServer = Effect.fnUntraced(function* (options: ChildServerOptions) {
  const { child, closed, exited, spawned } = yield* Effect.acquireRelease(
    Effect.try({
      try: () => start(options),
      catch: (cause) => new ServerDown({ problem: spawnProblem(cause, options) })
    }),
    ({ child }) => terminate(child, options.ending)
  )
  yield* Deferred.await(spawned)

  const tail = makeStderrTail()
  child.stderr.on("data", (chunk: Buffer) => {
    tail.append(chunk)
    options.onStderr?.(chunk.toString("utf8"))
  })

  // Many programs report on their standard output why they cannot start.
  const printed = makeStderrTail(16 * 1024)
  const greeting = { over: false }

  // A grandchild may hold the pipes open long after the server has ended, so wait only briefly for them to close.
  const ended = Deferred.await(exited).pipe(
    Effect.tap(() => Effect.timeoutOption(Deferred.await(closed), "200 millis"))
  )

  return {
    pid: child.pid,
    write: (text: string) => write(child, text),
    endInput: () => void child.stdin.end(),
    onData: (listener: (chunk: Buffer) => void) =>
      void child.stdout.on("data", (chunk: Buffer) => {
        if (!greeting.over) printed.append(chunk)
        listener(chunk)
      }),
    markInitialized: () => {
      greeting.over = true
    },
    pauseReading: (isPaused: boolean) => void (isPaused ? child.stdout.pause() : child.stdout.resume()),
    ended,
    lastWords: () => lastWords(tail.lines(manyLines), greeting.over ? [] : printed.lines(manyLines))
  } satisfies ChildServer
})
