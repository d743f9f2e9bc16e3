import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { place } from "./support/Cli.ts"

/** How often standard error says it, line by line. */
const times = (stderr: string, line: RegExp) => stderr.split("\n").filter((one) => line.test(one)).length

describe("files that are left out", () => {
  const instructions: ReadonlyArray<readonly [name: string, make: (file: string) => void, line: RegExp]> = [
    [
      "too large",
      (file) => writeFileSync(file, "A RULE\n".repeat(8000)),
      /^parley: instructions AGENTS\.md: is cut: instructions may have 32768 bytes, and it has 56000/
    ],
    [
      "of another encoding",
      (file) => writeFileSync(file, Buffer.from("r\u00e8gle", "latin1")),
      /^parley: instructions AGENTS\.md: is not valid UTF-8 text/
    ],
    [
      "a link out of the workspace",
      (file) => {
        writeFileSync(`${file}.outside`, "A RULE")
        mkdirSync(join(file, "../../elsewhere"))
        writeFileSync(join(file, "../../elsewhere/rules.md"), "A RULE")
        symlinkSync("../elsewhere/rules.md", file)
      },
      /^parley: instructions AGENTS\.md: /
    ]
  ]
  for (const [name, make, line] of instructions)
    it.live(`instructions ${name}: one line of \`run\``, () =>
      Effect.gen(function* () {
        const here = yield* place
        make(join(here.workspace, "AGENTS.md"))
        const ended = yield* here.run(["run", "hello"])
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.strictEqual(times(ended.stderr, line), 1, ended.stderr)
      })
    )

  it.live("files and mentions have one line each, and a conversation reports them once", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write(".parley/context.json", '{ "include": ["none.md", "nor-this.md"] }')
      const ended = yield* here.run(["chat"], { input: "hello\nagain\n" })
      const line = /^parley: left out none\.md: .*, and 1 more; `parley context` lists all$/
      assert.strictEqual(times(ended.stderr, line), 1, ended.stderr)
      const run = yield* here.run(["run", "hello （@docs/no.md）"])
      assert.strictEqual(times(run.stderr, /^parley: not attached docs\/no\.md: there is no such file$/), 1, run.stderr)
    })
  )
})

describe("missing tools", () => {
  it.live("servers that did not start and rules that match no tool have one line each", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({
        mcpServers: {
          gone: { command: "parley-no-such-command" },
          broken: { command: process.execPath, args: ["-e", "process.exit(3)"] },
          off: { command: "parley-no-such-command", disabled: true }
        },
        permissions: { "*": "allow", gone__any: "allow", "off__*": "ask", workspace__lst: "allow", "files__*": "deny" }
      })
      const ended = yield* here.run(["run", "hello", "-f", "json", "--allow", "workspace__*", "--allow", "typo__x"])
      assert.strictEqual(ended.code, 0, ended.stderr)
      for (const server of ["gone", "broken"]) {
        const line = new RegExp(
          `^parley: the tools of the server ${server} are missing: .+; \`parley mcp inspect ${server}\``
        )
        assert.strictEqual(times(ended.stderr, line), 1, ended.stderr)
      }
      assert.strictEqual(times(ended.stderr, /server off/), 0, ended.stderr)
      assert.match(
        ended.stderr,
        /^parley: no tool matches workspace__lst, files__\* in permissions of .*config\.json; `parley tools`/m
      )
      assert.match(ended.stderr, /^parley: no tool matches typo__x in --allow; `parley tools`/m)
    })
  )
})
