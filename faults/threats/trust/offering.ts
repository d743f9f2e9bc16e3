import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { Effect } from "effect"
import { asking } from "./asking.ts"
import { type Here, here, json } from "./canary.ts"

const script = resolve(import.meta.dirname, "../../../packages/mcp/test/fixtures/offering-server.mjs")

export interface Offered {
  readonly name: string
  readonly description?: string
  readonly inputSchema?: object
  readonly annotations?: object
}

export interface Offering extends Here {
  readonly offer: (tools: ReadonlyArray<Offered>, which?: string) => void
  /** The calls that have reached any of the servers. */
  readonly called: () => ReadonlyArray<string>
  /** Sends a message to a model that calls these tools. Returns the requests and the standard error. */
  readonly send: (
    ...tools: ReadonlyArray<string>
  ) => Effect.Effect<{ readonly bodies: ReadonlyArray<string>; readonly stderr: string }, unknown>
}

/** The user's own servers, which offer configurable tools. */
export const offering = (names: ReadonlyArray<string>, config: object = {}) =>
  Effect.map(here, (at): Offering => {
    const file = (name: string) => join(at.root, `${name}.tools`)
    const calls = join(at.root, "calls")
    at.configure({
      ...config,
      mcpServers: Object.fromEntries(
        names.map((name) => [name, { command: process.execPath, args: [script, file(name), calls] }])
      )
    })
    return {
      ...at,
      offer: (tools, which = names[0] ?? "") =>
        writeFileSync(file(which), json(tools.map((tool) => ({ inputSchema: { type: "object" }, ...tool })))),
      called: () => (existsSync(calls) ? readFileSync(calls, "utf8").split("\n").filter(Boolean) : []),
      send: (...tools) =>
        Effect.scoped(
          Effect.gen(function* () {
            const { bodies, env } = yield* asking(tools.map((tool) => [tool, "{}"]))
            const { stderr } = yield* at.run(["run", "Go on"], { env })
            return { bodies, stderr }
          })
        )
    }
  })
