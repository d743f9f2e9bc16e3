import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process"
import { constants } from "node:os"
import { Effect, type Scope } from "effect"
import { until, type WaitTimeout } from "./until.ts"

export interface Ended {
  /** The exit code, or 128 plus the number of the signal that ended it, as in a shell. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** When it ended, on the clock of `performance.now()`. */
  readonly at: number
}

export interface Running {
  readonly child: ChildProcess
  /** Everything it has written, in order of arrival. */
  readonly output: () => string
  readonly shows: (words: string | RegExp | ((output: string) => boolean)) => Effect.Effect<void, WaitTimeout>
  /** Waits until its output satisfies the predicate. Returns when that was, on the clock of `performance.now()`. */
  readonly sees: (holds: (output: string) => boolean) => Effect.Effect<number, WaitTimeout>
  readonly type: (text: string | Buffer) => Effect.Effect<void>
  readonly ended: Effect.Effect<Ended, WaitTimeout>
}

const statusOf = ({ exitCode, signalCode }: ChildProcess): number =>
  exitCode ?? 128 + (signalCode === null ? 0 : constants.signals[signalCode])

/** Starts a process that is killed when the scope closes. */
export const start = (
  file: string,
  args: ReadonlyArray<string>,
  options: SpawnOptions
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(file, args, options)
      const out = { stdout: "", stderr: "", both: "" }
      let problem = ""
      let at: number | undefined
      let closed = false
      for (const name of ["stdout", "stderr"] as const)
        child[name]?.setEncoding("utf8").on("data", (data: string) => {
          out[name] += data
          out.both += data
        })
      child.stdin?.on("error", () => {})
      child.on("error", (error) => (problem = error.message))
      child.on("exit", () => (at = performance.now()))
      child.on("close", () => (closed = true))
      const seen = () => `${problem}\n${out.both.slice(-2000)}`
      const running: Running = {
        child,
        output: () => out.both,
        shows: (words) =>
          until(
            `it shows ${String(words)}`,
            () =>
              typeof words === "string"
                ? out.both.includes(words)
                : typeof words === "function"
                  ? words(out.both)
                  : words.test(out.both),
            seen
          ),
        sees: (holds) => {
          let seenAt: number | undefined
          const look = () => {
            if (seenAt === undefined && holds(out.both)) seenAt = performance.now()
          }
          for (const name of ["stdout", "stderr"] as const) child[name]?.on("data", look)
          return Effect.map(
            until("its output holds what it should", () => seenAt !== undefined, seen),
            () => seenAt ?? 0
          )
        },
        type: (text) => Effect.sync(() => void child.stdin?.write(text)),
        ended: until("it has ended", () => closed, seen, 40).pipe(
          Effect.map(() => ({ status: statusOf(child), stdout: out.stdout, stderr: out.stderr, at: at ?? 0 }))
        )
      }
      return running
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )
