import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import { env as inherited } from "node:process"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type { Asked } from "./commandProcess.ts"
import type { Facts, Run, Seen } from "./World.ts"

/** Runs command lines one after the other in one process: a process for each takes ten times as long. */
export interface Commands {
  readonly run: (facts: Pick<Facts, "alpha" | "home">, run: Run, patience?: number) => Effect.Effect<Seen>
}

const answer = (child: ChildProcess, asked: Asked): Effect.Effect<Seen> =>
  Effect.callback((resume) => {
    child.once("message", (seen: Seen) => resume(Effect.succeed(seen)))
    child.send(asked)
  })

export const Commands: Effect.Effect<Commands, never, Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() =>
      fork(join(import.meta.dirname, "commandProcess.ts"), { stdio: ["ignore", "ignore", "inherit", "ipc"] })
    ),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  ),
  (child) => ({
    run: ({ alpha, home }, { args, env, gone }, patience) =>
      answer(child, {
        args,
        directory: gone === true ? join(home, "gone") : alpha,
        gone: gone === true,
        env: { PATH: inherited["PATH"] ?? "", HOME: home, ...env },
        ...(patience === undefined ? {} : { patience })
      })
  })
)
