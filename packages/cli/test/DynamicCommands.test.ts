import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { type Here, here } from "./support/InProcess.ts"

const decodeConfig = Schema.decodeSync(
  Schema.fromJsonString(Schema.Struct({ dynamicContext: Schema.Array(Schema.Unknown) }))
)
const decodeList = Schema.decodeSync(
  Schema.fromJsonString(Schema.Struct({ slots: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) }))
)

/** A slot of the project that counts, and one that does not. */
const project = ({ write }: Here) =>
  write(
    ".parley/dynamic.json",
    `{ "slots": [
      { "id": "tree", "tool": "workspace__list_files", "input": { "path": "src" }, "refresh": "change", "maxTokens": 7 },
      { "id": "evil", "tool": "shell__run" }
    ] }`
  )
/** The slots as the configuration file has them. */
const written = ({ configFile }: Here): unknown => decodeConfig(readFileSync(configFile, "utf8")).dynamicContext

describe("parley dynamic, in this process", () => {
  it.live("writes the settings that flags name, and leaves the rest to the defaults", () =>
    Effect.gen(function* () {
      const it = yield* here
      const tool = "workspace__list_files"
      const bare = yield* it.run("dynamic", "add", "bare", tool)
      assert.deepStrictEqual(bare, {
        code: 0,
        stdout: "",
        stderr: `Added bare to ${it.configFile}; to try it: parley dynamic test bare\n`
      })
      const flags = ["--input", '{"path":"."}', "--refresh", "60", "--on-failure", "stale"]
      const all = [...flags, "--timeout", "600000", "--max-tokens", "9"]
      assert.strictEqual((yield* it.run("dynamic", "add", "whole", tool, ...all)).code, 0)
      for (const when of ["change", "demand", "round"])
        assert.strictEqual((yield* it.run("dynamic", "add", when, tool, "--refresh", when)).code, 0, when)
      assert.deepStrictEqual(written(it), [
        { id: "bare", tool },
        {
          id: "whole",
          tool,
          input: { path: "." },
          refresh: { seconds: 60 },
          onFailure: "stale",
          timeoutMillis: 600_000,
          maxTokens: 9
        },
        { id: "change", tool, refresh: "change" },
        { id: "demand", tool, refresh: "demand" },
        { id: "round", tool, refresh: "round" }
      ])
      const listed = (yield* it.run("dynamic", "list")).stdout.split("\n")
      assert.deepStrictEqual(
        listed.filter((_, i) => i % 3 === 2),
        [
          "  resolved for every message; on failure, the model is told; 10000 ms; 4096 tokens",
          "  resolved when its value is older than 60 s; on failure, it keeps its last value; 600000 ms; 9 tokens",
          "  resolved when a file of the context changes; on failure, the model is told; 10000 ms; 4096 tokens",
          "  resolved with `parley run --refresh demand`; on failure, the model is told; 10000 ms; 4096 tokens",
          "  resolved for every message; on failure, the model is told; 10000 ms; 4096 tokens"
        ]
      )
      assert.deepStrictEqual(listed.slice(3, 5), [`whole: on, yours (${it.configFile})`, `  ${tool} {"path":"."}`])
    })
  )

  it.live("rejects an invalid slot, and changes nothing", () =>
    Effect.gen(function* () {
      const it = yield* here
      project(it)
      const add = (id: string, tool = "x__y", ...flags: ReadonlyArray<string>) => ["add", id, tool, ...flags]
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, words: string]> = [
        [add(""), '"" cannot be the ID of a slot'],
        [add(" "), '" " cannot be the ID of a slot'],
        [add("__proto__"), '"__proto__" cannot be the ID of a slot'],
        [add("n", " "), "A slot needs the name of a tool"],
        [add("n", "x__y", "--refresh", "soon"), "--refresh soon: expected round, change, demand or"],
        [add("n", "x__y", "--refresh", "-1"), "--refresh"],
        [add("n", "x__y", "--refresh", "1.5"), "--refresh 1.5: expected"],
        [add("n", "x__y", "--refresh", "1234567890"), "--refresh 1234567890: expected"],
        [add("n", "x__y", "--on-failure", "panic"), "on-failure"],
        [add("n", "x__y", "--timeout", "0"), "expected a whole number above 0, found 0"],
        [add("n", "x__y", "--timeout", "600001"), "--timeout: the maximum for a slot is 600000 ms"],
        [add("tree"), 'dynamic.json already has a slot "tree"; choose another ID'],
        [["disable", "tree"], 'The project declares the slot "tree"; to change it, edit'],
        [["enable", "none"], 'There is no slot "none" of dynamic context; the slots are tree, evil'],
        [["remove", "none"], 'There is no slot "none" of dynamic context; the slots are tree, evil']
      ]
      for (const [args, words] of cases) {
        const { code, stderr } = yield* it.run("dynamic", ...args)
        assert.strictEqual(code, 2, `${args.join(" ")}: ${stderr}`)
        assert.include(stderr, words)
      }
      assert.strictEqual((yield* it.run("dynamic", "add", "evil", "x__y")).code, 0, "what counts for nothing is free")
      assert.deepStrictEqual(written(it), [{ id: "evil", tool: "x__y" }])
    })
  )

  it.live("disables, enables and removes a slot, and reports the second attempt", () =>
    Effect.gen(function* () {
      const it = yield* here
      assert.include(
        (yield* it.run("dynamic", "remove", "a")).stderr,
        "none are declared; see `parley dynamic add --help`"
      )
      yield* it.run("dynamic", "add", "a", "workspace__list_files")
      const state = Effect.map(it.run("dynamic", "list"), ({ stdout }) => stdout.slice(0, stdout.indexOf(",")))
      assert.deepStrictEqual(yield* it.run("dynamic", "disable", "a"), {
        code: 0,
        stdout: "",
        stderr: `Disabled a in ${it.configFile}\n`
      })
      assert.strictEqual(yield* state, "a: off")
      assert.strictEqual((yield* it.run("dynamic", "enable", "a")).stderr, `Enabled a in ${it.configFile}\n`)
      assert.strictEqual(yield* state, "a: on")
      assert.strictEqual((yield* it.run("dynamic", "remove", "a")).stderr, `Removed a from ${it.configFile}\n`)
      const again = yield* it.run("dynamic", "remove", "a")
      assert.strictEqual(again.code, 2)
      const none = yield* it.run("dynamic", "list")
      assert.deepStrictEqual([none.stdout, none.stderr.startsWith("No dynamic context is declared;")], ["", true])
    })
  )

  it.live("lists the project's slots as the project's, including those without effect", () =>
    Effect.gen(function* () {
      const it = yield* here
      project(it)
      const { stdout } = yield* it.run("dynamic", "list")
      const file = `${it.workspace}/.parley/dynamic.json`
      assert.match(stdout, /^tree: on, the project's \(/)
      assert.include(stdout, `evil: ignored, the project's (${file})\n  shell__run {}\n  ! a project may only call`)
      assert.include(stdout, "; 7 tokens")
      const { slots } = decodeList((yield* it.run("dynamic", "list", "-f", "json")).stdout)
      assert.deepStrictEqual(
        slots.map(({ id, ignored, source }) => [id, source, typeof ignored]),
        [
          ["tree", "project", "undefined"],
          ["evil", "project", "string"]
        ]
      )
    })
  )

  it.live("reports when no server offers the tool, and which server failed", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { gone: { command: "parley-no-such-command" } } })
      const failed = yield* it.run("dynamic", "add", "a", "gone__tool")
      assert.strictEqual(failed.code, 0)
      assert.match(failed.stderr, /no server offers the tool gone__tool now[^\n]*; the server gone failed: [^\n]+\n$/)
      const other = yield* it.run("dynamic", "add", "b", "other__tool")
      assert.match(other.stderr, /no server offers the tool other__tool now[^\n]*lists the available tools\n$/)
    })
  )

  it.live("is resolved again by `run --refresh` only if it can be", () =>
    Effect.gen(function* () {
      const it = yield* here
      project(it)
      yield* it.run("dynamic", "add", "off", "workspace__list_files")
      yield* it.run("dynamic", "disable", "off")
      const run = (...slots: ReadonlyArray<string>) =>
        it.run("run", "--no-stdin", "-m", "demo/demo", "hi", ...slots.flatMap((slot) => ["--refresh", slot]))
      for (const [slots, words] of [
        [["none"], 'no slot "none" of dynamic context; the slots are off, tree, evil'],
        [["*", "none"], 'no slot "none"'],
        [["tree", "evil"], "--refresh evil: the slot is ignored: a project may only call"],
        [["off"], "--refresh off: the slot is disabled; enable it with `parley dynamic enable off`"]
      ] as const) {
        const { code, stderr } = yield* run(...slots)
        assert.strictEqual(code, 2, stderr)
        assert.include(stderr, words)
      }
      for (const slots of [["*"], ["tree"], ["tree", "*"]]) {
        const { code, stderr } = yield* run(...slots)
        assert.strictEqual(code, 0, stderr)
      }
    })
  )
})
