// Runs command lines as the command does, in one process: see Commands.ts.
import { mkdirSync, rmdirSync } from "node:fs"
import process, { env as own } from "node:process"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { codeOf, command } from "../../src/Program.ts"

export interface Asked {
  readonly args: ReadonlyArray<string>
  readonly directory: string
  /** The directory is removed when it has become the current one. */
  readonly gone: boolean
  readonly env: Readonly<Record<string, string>>
  /** Milliseconds after which the command is interrupted. */
  readonly patience?: number
}

const shown = { stdout: "", stderr: "" }
for (const name of ["stdout", "stderr"] as const)
  process[name].write = (text: string | Uint8Array) => {
    shown[name] += typeof text === "string" ? text : Buffer.from(text).toString()
    return true
  }

const run = Effect.fnUntraced(function* ({ args, directory, env, gone, patience }: Asked) {
  for (const name of Object.keys(own)) delete own[name]
  Object.assign(own, env)
  if (gone) mkdirSync(directory, { recursive: true })
  process.chdir(directory)
  if (gone) rmdirSync(directory)
  Object.assign(shown, { stdout: "", stderr: "" })
  const fiber = yield* Effect.forkChild(command(args))
  if (patience !== undefined)
    yield* Effect.raceFirst(Fiber.await(fiber), Effect.andThen(Effect.sleep(patience), Fiber.interrupt(fiber)))
  const code = codeOf(yield* Fiber.await(fiber))
  return { code, ...shown }
})

process.on("message", (asked: Asked) => void Effect.runPromise(run(asked)).then((seen) => process.send?.(seen)))
