import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { assert } from "@effect/vitest"
import * as SessionFold from "@parley/domain/SessionFold"
import { Effect, Schema } from "effect"
import { breaksRules } from "../../support/post.ts"
import { home } from "../../../packages/harness/src/sessions/home.ts"
import { logOf, postconditions, sessionOf } from "../../user/support/after.ts"
import type { Ended, Running } from "../../../packages/harness/src/user/running.ts"
import { world } from "../../../packages/harness/src/user/world.ts"
import { obeying } from "./obeying.ts"

const Noted = Schema.Struct({
  environment: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  called: Schema.optionalKey(Schema.String),
  input: Schema.optionalKey(Schema.Json)
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Noted))
export const server = join(import.meta.dirname, "server.mjs")

/** The notes that a server of `server.mjs` has recorded. */
export const notedIn = (file: string): ReadonlyArray<typeof Noted.Type> =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => decode(line))
    : []

export interface Options {
  /** The text that the server returns, and where; see `server.mjs`. */
  readonly says?: readonly [where: string, words: string]
  /** Further configuration of the server, besides its command. */
  readonly server?: object
  /** The user's permissions. Default: none, so that Parley's defaults apply. */
  readonly permissions?: object
}

/** The real command with a model that obeys every instruction and one MCP server, `notes`. */
export const place = (options: Options = {}) =>
  Effect.gen(function* () {
    const aside = yield* home
    const file = join(aside.root, "noted")
    const model = yield* obeying
    const notes = { command: process.execPath, args: [server, file, ...(options.says ?? [])], ...options.server }
    const here = yield* world({ config: { mcpServers: { notes }, permissions: options.permissions ?? {} } })
    const env = { ANTHROPIC_BASE_URL: model.url }
    /** All calls of the session, as they are stored. */
    const calls = () => {
      const session = sessionOf(here)
      const rounds = session === undefined ? [] : SessionFold.fromEvents(session, logOf(here)).rounds
      return rounds.flatMap(({ turns }) => turns.flatMap(({ toolCalls }) => toolCalls))
    }
    /** The expected exit code of the run: a special code if every call was denied. */
    const code = (): number => {
      const all = calls()
      return all.length > 0 && all.every(({ outcome }) => outcome?._tag === "Denied") ? 6 : 0
    }
    return {
      here,
      code,
      file,
      model,
      run: (...args: ReadonlyArray<string>) => here.run(["run", ...args], { env }),
      /** Runs the command on a terminal with 100 columns. */
      terminal: (message: string) =>
        here.terminal(["run", message], { env, wrap: (command) => `stty cols 100; exec ${command}` }),
      /** The inputs of the calls to a tool that reached the server. */
      reached: (tool: string) => notedIn(file).flatMap(({ called, input }) => (called === tool ? [input] : [])),
      /** The stored outcomes of the calls to a tool. */
      outcomes: (tool: string) =>
        calls().flatMap(({ name, outcome }) => (name === `notes__${tool}` ? [outcome?._tag] : [])),
      whole: (ended: Pick<Ended, "status" | "stdout" | "stderr">) =>
        Effect.gen(function* () {
          assert.strictEqual(ended.status, code(), ended.stdout + ended.stderr)
          assert.deepStrictEqual(breaksRules(model.bodies), [])
          yield* postconditions(here, ended.stdout + ended.stderr)
        })
    }
  })

const asked = "run it? [y]es, this call"

/** Waits for `count` questions, and returns the text shown before the last of them. */
export const question = Effect.fnUntraced(function* (running: Running, count = 1) {
  yield* running.shows((output) => output.split(asked).length > count)
  return running.output().split(asked)[count - 1] ?? ""
})
