import { execPath } from "node:process"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { McpManager } from "@parley/domain/McpManager"
import * as McpServers from "@parley/mcp/McpServers"
import { qualifiedName } from "@parley/mcp/ToolNames"
import { Context, Effect, Layer } from "effect"
import { all, answer, start, stop, toolUse } from "../../packages/harness/src/provider/wire.ts"
import { blocksSent, completed, results, type Scenario, type Seen, variant, variants } from "./kit.ts"

type Call = readonly [name: string, input: string, id: string]
const calls = (...calls: ReadonlyArray<Call>): Scenario["replies"][number] => ({
  body: [all(start(), ...calls.flatMap(([name, input, id], i) => toolUse(i, name, input, id)), ...stop("tool_use"))]
})
const done = { body: [answer("Done.")] }

/** The ids of a request's calls and of its results, in order. */
const ids = ({ received }: Seen) => ({
  calls: blocksSent(received.at(-1), "assistant").flatMap(({ id, type }) => (type === "tool_use" ? [id] : [])),
  results: blocksSent(received.at(-1), "user").flatMap((block) =>
    block.type === "tool_result" ? [block["tool_use_id"]] : []
  )
})

/** The provider's ids are stored but never sent: requests use our own call ids, so each call has one result. */
const misused = variants<{ readonly replies: Scenario["replies"]; readonly own: Array<unknown> }>(
  "P22",
  [
    [
      "twice in one turn",
      { replies: [calls(["echo", '{"n":1}', "a"], ["echo", '{"n":2}', "a"]), done], own: ["r1t1c1", "r1t1c2"] }
    ],
    [
      "again in the next turn",
      { replies: [calls(["echo", '{"n":1}', "a"]), calls(["echo", '{"n":2}', "a"]), done], own: ["r1t1c1", "r1t2c1"] }
    ],
    ["empty", { replies: [calls(["echo", '{"n":1}', ""], ["echo", '{"n":2}', ""]), done], own: ["r1t1c1", "r1t1c2"] }],
    [
      "the tool's name",
      { replies: [calls(["echo", '{"n":1}', "echo"], ["echo", '{"n":2}', "echo"]), done], own: ["r1t1c1", "r1t1c2"] }
    ]
  ],
  ({ own, replies }) => ({
    replies,
    look: (seen) => {
      completed(...replies.map(() => "completed"))(seen)
      assert.deepStrictEqual(ids(seen), { calls: own, results: own })
      assert.deepStrictEqual(seen.ran, [{ n: 1 }, { n: 2 }])
      assert.deepStrictEqual(seen.turns.flatMap(results), ['Succeeded: {"n":1}', 'Succeeded: {"n":2}'])
      const kept = seen.turns.flatMap(({ content }) =>
        content.flatMap((block) => (block._tag === "ToolCall" ? [block.providerId] : []))
      )
      assert.strictEqual(new Set(kept).size, 1)
    }
  })
)

/** The tool does not exist: the result reports only that, and does not list other tools. */
const notThere = (name: string) => (seen: Seen) => {
  completed("completed", "completed")(seen)
  assert.isEmpty(seen.ran)
  assert.deepStrictEqual(results(seen.turns[0]), [`Failed: There is no tool ${JSON.stringify(name)}`])
}
const secret = () => "secret"

const unknown = [
  ...variants(
    "P23",
    [
      ["unknown", "rm_rf"],
      ["wrong case", "Echo"]
    ],
    (name) => ({
      replies: [calls([name, "{}", "a"]), done],
      tools: McpManager.layerMemory({ echo: secret, hidden_tool: secret }),
      look: notThere(name)
    })
  ),
  variant("P23", "removed after the round began", {
    replies: [calls(["echo", "{}", "a"], ["gone", "{}", "b"]), done],
    // The tool is offered but no longer exists when it is called.
    tools: Layer.effect(
      McpManager,
      Effect.gen(function* () {
        const offered = yield* McpManager
        const left = yield* Layer.build(McpManager.layerMemory({ echo: () => "still here" }))
        return McpManager.of({ ...offered, call: Context.get(left, McpManager).call })
      })
    ).pipe(Layer.provide(McpManager.layerMemory({ echo: secret, gone: secret }))),
    look: (seen) => {
      completed("completed", "completed")(seen)
      const [still, gone] = results(seen.turns[0])
      assert.strictEqual(still, "Succeeded: still here")
      assert.include(gone, "Failed: ")
      assert.include(gone, "There is no tool gone")
      assert.notInclude(seen.received[1]?.body, "secret")
    }
  })
]

const server = fileURLToPath(new URL("./named-server.mjs", import.meta.url))
const legal = /^[A-Za-z0-9_-]{1,64}$/
const long = "a_name_that_goes_on_".repeat(6)

/** Real tools with names that no provider accepts: each gets a unique legal name that is mapped back to it. */
const hard = variants<ReadonlyArray<string>>(
  "P24",
  [
    ["longer than 64", [long]],
    ["illegal characters", ["read file.ü", "read_file.ü", "a/b\u0000c"]],
    ["the same first 64", [`${long}1`, `${long}2`]]
  ],
  (names) => {
    const made = `${"made up ".repeat(12)}!`
    const qualified = names.map((name) => qualifiedName("named", name))
    return {
      replies: [calls(...[...qualified, made].map((name): Call => [name, "{}", "a"])), done],
      tools: McpServers.layer({
        clientInfo: { name: "parley-faults", version: "1" },
        closeGrace: "200 millis",
        servers: { named: { command: execPath, args: [server, JSON.stringify(names)] } }
      }),
      look: (seen) => {
        completed("completed", "completed")(seen)
        assert.strictEqual(new Set(qualified).size, names.length)
        const offered = JSON.parse(seen.received[0]?.body ?? "{}").tools.map(
          ({ name }: { readonly name: string }) => name
        )
        assert.deepStrictEqual(offered, [...qualified].sort())
        assert.deepStrictEqual(results(seen.turns[0]), [
          // Results never contain U+0000.
          ...names.map((name) => `Succeeded: I am ${name.replaceAll("\0", "")}`),
          `Failed: There is no tool ${JSON.stringify(made)}`
        ])
        // A name that the model invented is sent back in a form that the API accepts.
        for (const { name, type } of blocksSent(seen.received[1], "assistant"))
          if (type === "tool_use") assert.match(String(name), legal)
      }
    }
  }
)

export const names = [...misused, ...unknown, ...hard]
