import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { isApiKey, type KeySource } from "@parley/provider/Providers"
import { hasProperty, isNumber } from "effect/Predicate"

const run = promisify(execFile)

/** How long the program may take, in milliseconds. It may have to ask the person to unlock something. */
const patience = 60_000
const mostBytes = 64 * 1024

/** Why the program gave no key. Its output is not shown, because it may contain the key. */
const problemOf = (program: string, error: unknown): string => {
  if (hasProperty(error, "code") && error.code === "ENOENT") return `apiKeyCommand: there is no program ${program}`
  if (hasProperty(error, "killed") && error.killed === true)
    return `apiKeyCommand: ${program} did not end within ${patience / 1000} s`
  if (hasProperty(error, "code") && isNumber(error.code))
    return `apiKeyCommand: ${program} ended with exit code ${error.code}; run it yourself to see why`
  return `apiKeyCommand: ${program} failed; run it yourself to see why`
}

const keyIn = (program: string, output: string): string => {
  const key = output.trim()
  if (isApiKey(key)) return key
  throw new TypeError(`apiKeyCommand: ${program} did not print a key: one line without spaces was expected`)
}

/**
 * A key that a program prints. The program is started without a shell when the key is first needed, with the user's
 * environment and without input. The key is kept in memory until it is forgotten.
 */
export const make = ([program = "", ...args]: ReadonlyArray<string>, millis = patience): KeySource => {
  let known: Promise<string> | undefined
  const start = (): Promise<string> => {
    const running = run(program, args, { timeout: millis, killSignal: "SIGKILL", maxBuffer: mostBytes, shell: false })
    running.child.stdin?.end()
    const key = running.then(
      ({ stdout }) => keyIn(program, stdout),
      (error: unknown) => Promise.reject(new TypeError(problemOf(program, error)))
    )
    // A failure is not kept: the next request tries again.
    key.catch(() => {
      known = undefined
    })
    return key
  }
  return {
    get: () => (known ??= start()),
    forget: () => {
      known = undefined
    }
  }
}
