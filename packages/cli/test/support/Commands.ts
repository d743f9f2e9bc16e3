import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import { env as inherited } from "node:process"
import * as Effect from "effect/Effect"
import type { Asked } from "./commandProcess.ts"

/** What a command has shown, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Processes that run no command now. They end with this process, and do not keep it alive. */
const idle: Array<ChildProcess> = []

const start = (): ChildProcess =>
  fork(join(import.meta.dirname, "commandProcess.ts"), {
    env: { PATH: inherited["PATH"] },
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })

/**
 * Runs a command line in a process that runs others before and after it: a process for each takes several times as
 * long. What only a process of its own shows needs one: signals, terminals, kinds of standard input.
 */
export const runShared = (asked: Asked): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = idle.pop() ?? start()
    child.ref()
    child.channel?.ref()
    const ended = (code: number | null, signal: NodeJS.Signals | null) =>
      resume(Effect.succeed({ code, signal, stdout: "", stderr: "the process of the command ended" }))
    child.once("exit", ended)
    child.once("message", (seen: Omit<Ended, "signal">) => {
      child.off("exit", ended)
      child.unref()
      child.channel?.unref()
      idle.push(child)
      resume(Effect.succeed({ ...seen, signal: null }))
    })
    child.send(asked)
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
