import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process"
import { existsSync } from "node:fs"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { lastWords } from "../LastWords.ts"
import { plainLine } from "../PlainText.ts"
import { type Ending, ownGroup, terminate, watch } from "./ProcessGroup.ts"
import { backlogFull } from "./SdkFailure.ts"
import { makeStderrTail } from "./StderrTail.ts"

/** Why a server is not running, in words for a person. */
export class ServerDown extends Schema.TaggedError<ServerDown>()("ServerDown", {
  problem: Schema.String,
  /** The HTTP status that it refused to talk with, if it was that. */
  status: Schema.optionalKey(Schema.Int),
  /** It did answer, and the answer is what is wrong. How it ends after that is of no interest. */
  answered: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message(): string {
    return this.problem
  }
}

export interface ChildServerOptions {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  readonly cwd: string | undefined
  readonly ending: Ending
  readonly onStderr: ((text: string) => void) | undefined
}

/** A started server program and its three pipes. */
export interface ChildServer {
  readonly pid: number | undefined
  readonly write: (text: string) => Promise<void>
  readonly endInput: () => void
  readonly onData: (listener: (chunk: Buffer) => void) => void
  /** Whether its output is left where it is for now. */
  readonly hold: (held: boolean) => void
  /** How it ended, once it has; what it wrote before that has been read by then. */
  readonly ended: Effect.Effect<string>
  /** What it writes to its standard output from now on is the protocol's, and no explanation of its failure. */
  readonly greeted: () => void
  /** What it has written that may say why it failed, on one line, or nothing. */
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

// Listeners are there before the first event can be: `spawn` reports everything on a later tick.
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
  // A pipe whose other end is gone reports that as an event, and an event of that name without a listener is thrown.
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on("error", () => {})
  return { child, spawned, exited, closed }
}

/** Of what it has written: so many are searched for an error. */
const manyLines = 500

/** Bytes that wait for a server to read them. What comes on top of that is refused: a server may never read. */
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
 * Starts a server program without a shell, with exactly the given environment. Closing the scope ends it and everything in
 * its process group, and what has left that and carries its mark. Its standard error never reaches a terminal: it is read at once and only its end is kept.
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

  // Many programs explain on their standard output why they do not start.
  const printed = makeStderrTail(16 * 1024)
  const greeting = { over: false }

  // A grandchild may hold the pipes open long after the server has gone, so their end is waited for only briefly.
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
    greeted: () => {
      greeting.over = true
    },
    hold: (held: boolean) => void (held ? child.stdout.pause() : child.stdout.resume()),
    ended,
    lastWords: () => lastWords(tail.lines(manyLines), greeting.over ? [] : printed.lines(manyLines))
  } satisfies ChildServer
})
