import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

describe("what a model may read", () => {
  it.live("excludes Parley's own files, even inside the workspace", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ providers: { anthropic: { apiKey: "sk-ant-CANARY" } }, model: "demo/demo" })
      const config = ".config/parley/config.json"
      const at = ["--workspace", here.home]
      const read = yield* here.run(["run", `What is in ${config}?`, ...at])
      assert.strictEqual(read.code, 0, read.stderr)
      assert.include(read.stdout, "belongs to Parley itself")
      const search = yield* here.run(["run", "Search for CANARY", ...at])
      assert.include(search.stdout, "Nothing found")

      mkdirSync(join(here.home, ".parley"))
      const project = (name: string, text: string) => writeFileSync(join(here.home, ".parley", name), text)
      project("context.json", `{ "include": ["${config}", "**/*.json"] }`)
      const list = yield* here.run(["files", "list", ...at])
      assert.include(list.stdout, `${config}: belongs to Parley itself`)
      const context = yield* here.run(["context", `Look at @${config}`, ...at])
      assert.include(context.stdout, `mention:${config}: belongs to Parley itself`)
      for (const { stderr, stdout } of [read, search, list, context])
        assert.notInclude(stdout + stderr, "sk-ant-CANARY")

      // A project's prompt is a file like others.
      project("prompt.json", `{ "instructions": { "file": "${config}" } }`)
      const prompt = yield* here.run(["context", "hi", ...at])
      assert.include(prompt.stderr, "belongs to Parley itself")
    })
  )

  it.live("excludes files that may hold secrets if no person can be asked", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write(".env", "A=hunter2\n")
      here.write("a.txt", "plain\n")
      here.configure({ permissions: { "*": "allow", workspace__read_file: "allow" } })
      const read = yield* here.run(["run", "What is in .env and a.txt?", "--allow", "*"])
      assert.strictEqual(read.code, 0, read.stderr)
      assert.include(read.stdout, "plain")
      assert.notInclude(read.stdout + read.stderr, "hunter2")
      assert.include(read.stdout, 'Not run: ".env" may hold secrets (environment variables')
      assert.include(read.stderr, '"secretFiles": ["!.env"]')
      const mention = yield* here.run(["context", "Look at @.env"])
      assert.include(mention.stdout, "hunter2")

      here.configure({ secretFiles: ["!.env"] })
      assert.include((yield* here.run(["run", "What is in .env?"])).stdout, "hunter2")
    })
  )

  it.live("requires approval each time, with the file and the reason, even after an always", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write(".env", "A=hunter2\n")
      here.write("a.txt", "plain\n")
      here.configure({ model: "demo/demo", permissions: { workspace__read_file: "ask" } })
      const { ended, shows, type } = yield* terminal(here, ["chat"])
      yield* shows(/\/help for the commands/)
      yield* type("What is in a.txt?\r")
      yield* shows(/\[a\]lways/)
      yield* type("a\r")
      yield* shows(/a\.txt says/)
      yield* type("What is in .env?\r")
      yield* shows(/"\.env" may hold secrets[^]*run it\?[^\n]*$/)
      yield* type("a\r")
      yield* shows(/not an answer to this question[^]*run it\?[^\n]*$/)
      yield* type("n\r")
      yield* shows(/the user said no[^]*> [^\n]*$/)
      yield* type("What is in .env?\r")
      yield* shows(/the user said no[^]*may hold secrets[^]*run it\?[^\n]*$/)
      yield* type("y\r")
      yield* shows(/hunter2/)
      yield* type("/exit\r")
      const { output } = yield* ended
      assert.lengthOf(output.match(/\[a\]lways/g) ?? [], 1)
    })
  )
})
