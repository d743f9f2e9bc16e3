import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { Home } from "../../packages/harness/src/sessions/home.ts"
import type { Case } from "../suite.ts"
import { type Seen, variant } from "./kit.ts"
import { ended } from "./look.ts"
import { type Script, type Step, scripted } from "./support/script.ts"

/** A server that cannot be used, next to one that can: the round runs without it, and its status gives the reason. */
const without = (
  id: string,
  name: string,
  bad: (here: Home) => McpServerConfig,
  problem: RegExp,
  look: (seen: Seen) => void = () => {}
): Case =>
  variant(id, name, {
    servers: (here) => ({ bad: bad(here), good: scripted(here, "good", {}) }),
    turns: [[["good__echo", { said: 1 }]]],
    look: (seen) => {
      ended('Succeeded: {"said":1}')(seen)
      assert.deepStrictEqual(seen.offered[0], ["good__echo"])
      assert.strictEqual(seen.statuses["good"]?.state, "ready")
      const status = seen.statuses["bad"]
      assert.notStrictEqual(status?.state, "ready")
      assert.strictEqual(status?.tools, 0)
      assert.match(status?.problem ?? "", problem)
      assert.notMatch(status?.problem ?? "", /[^\P{C}]/u)
      look(seen)
    }
  })

const file = (here: Home, name: string, content: string | Uint8Array, mode: number): McpServerConfig => {
  const path = join(here.root, name)
  mkdirSync(here.root, { recursive: true })
  writeFileSync(path, content)
  chmodSync(path, mode)
  return { command: path }
}

/** The header of an executable for a machine type that does not exist. */
const otherMachine = Buffer.concat([
  Buffer.from("7f454c46020101000000000000000000020000ff01000000", "hex"),
  Buffer.alloc(4096, 0xff)
])

const commands = [
  without("M01", "missing", (here) => ({ command: join(here.root, "absent") }), /^the command .*absent was not found/),
  without(
    "M01",
    "not executable",
    (here) => file(here, "plain", "#!/bin/sh\n", 0o644),
    /^the command .*plain cannot be executed/
  ),
  // The C library passes a program that the kernel refuses to a shell, which reports a different error.
  without("M01", "of another machine", (here) => file(here, "foreign", otherMachine, 0o755), /foreign/)
]

const lastWords: Step = ["stderr", "\u001b[31mno database\u001b[0m\nsecond\u0007 line\n"]

const exits = (
  [
    ["with 0", ["exit", 0], "it exited with code 0"],
    ["with 1", ["exit", 1], "it exited with code 1"],
    ["by a signal", ["kill", "SIGKILL"], "it was ended by SIGKILL"]
  ] as const
).map(([name, end, how]) =>
  without(
    "M02",
    name,
    (here) => scripted(here, "bad", { start: [lastWords, end] }),
    new RegExp(`^${how} \\(stderr: no database \\| second line\\)`)
  )
)

const mute = without(
  "M03",
  "is ended when its time is over",
  (here) => scripted(here, "bad", { initialize: [], start: [["stay"], ["deaf"]] }, { startTimeoutMillis: 700 }),
  /^it did not answer within 0\.7 s/,
  ({ millis, notes }) => {
    assert.isAtLeast(millis, 700)
    // It was asked to end, and was killed because it did not.
    assert.isTrue(notes.some(({ name, signal }) => name === "bad" && signal === "SIGTERM"))
  }
)

const greeting = (result: object): Script => ({ initialize: [["result", result]] })
const serverInfo = { name: "odd", version: "1" }

const versions = [
  without(
    "M04",
    "a version that there is not",
    (here) => scripted(here, "bad", greeting({ protocolVersion: "1999-01-01", capabilities: {}, serverInfo })),
    /protocol version.*1999-01-01/
  ),
  without(
    "M04",
    "no version in common",
    (here) =>
      scripted(here, "bad", {
        initialize: [
          ["say", '{"jsonrpc":"2.0","id":$id,"error":{"code":-32602,"message":"Unsupported protocol version"}}']
        ]
      }),
    /Unsupported protocol version/
  ),
  without(
    "M04",
    "no capabilities",
    (here) => scripted(here, "bad", greeting({ protocolVersion: "2025-06-18", serverInfo })),
    /capabilities/
  )
]

export const unavailable = [...commands, ...exits, mute, ...versions]
