// Runs command lines as the command does, in one process: see Commands.ts.
import { mkdirSync, rmdirSync } from "node:fs"
import process, { env as own } from "node:process"
import { Readable } from "node:stream"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { codeOf, command } from "../../src/entry/Program.ts"

export interface Asked {
  readonly args: ReadonlyArray<string>
  readonly directory: string
  /** The directory is removed when it has become the current one. */
  readonly gone: boolean
  readonly env: Readonly<Record<string, string>>
  /** Its standard input, which is empty otherwise. */
  readonly input?: string
  /** Milliseconds after which the command is interrupted. */
  readonly patience?: number
}

const shown = { stdout: "", stderr: "" }
for (const name of ["stdout", "stderr"] as const)
  process[name].write = (text: string | Uint8Array) => {
    shown[name] += typeof text === "string" ? text : Buffer.from(text).toString()
    return true
  }

const run = Effect.fnUntraced(function* ({ args, directory, env, gone, input = "", patience }: Asked) {
  for (const name of Object.keys(own)) delete own[name]
  Object.assign(own, env)
  if (gone) mkdirSync(directory, { recursive: true })
  process.chdir(directory)
  if (gone) rmdirSync(directory)
  Object.assign(shown, { stdout: "", stderr: "" })
  // A command closes its standard input once it has read it, so each one has its own.
  Object.defineProperty(process, "stdin", {
    value: Readable.from(input === "" ? [] : [Buffer.from(input)]),
    configurable: true
  })
  // The default provider keeps the environment of its first use.
  const fiber = yield* command(args).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv()),
    Effect.forkChild
  )
  if (patience !== undefined)
    yield* Effect.raceFirst(Fiber.await(fiber), Effect.andThen(Effect.sleep(patience), Fiber.interrupt(fiber)))
  const code = codeOf(yield* Fiber.await(fiber))
  return { code, ...shown }
})

process.on("message", (asked: Asked) => void Effect.runPromise(run(asked)).then((seen) => process.send?.(seen)))
process.on("disconnect", () => process.exit())
