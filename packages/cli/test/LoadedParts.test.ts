import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Place, place } from "./support/Cli.ts"

/** Writes the names of Node's own modules that the process has loaded when it ends. */
const listing = `process.on("exit", () => require("fs").writeFileSync(process.env.LOADED, process.moduleLoadList.join("\\n")))`

/** Whether a command that succeeds loads Node's `fetch`, which takes 20 ms of CPU time. The SDKs of providers need it. */
const loadsFetch = Effect.fnUntraced(function* ({ home, spawn }: Place, args: ReadonlyArray<string>) {
  const hook = join(home, "listing.cjs")
  const loaded = join(home, "loaded")
  writeFileSync(hook, listing)
  const { ended } = spawn(args, { env: { NODE_OPTIONS: `--require ${hook}`, LOADED: loaded } })
  const { code, stderr } = yield* ended
  assert.strictEqual(code, 0, stderr)
  const names = readFileSync(loaded, "utf8")
  assert.include(names, "NativeModule fs")
  return names.includes("undici")
})

describe("what a command loads", () => {
  it.live("help and a round of the offline model do without Node's fetch", () =>
    Effect.gen(function* () {
      const here = yield* place
      assert.isFalse(yield* loadsFetch(here, ["--help"]), "help")
      assert.isFalse(yield* loadsFetch(here, ["run", "hello"]), "a round")
    })
  )
})
