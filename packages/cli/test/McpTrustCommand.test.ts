import { assert, describe, it } from "@effect/vitest"
import type * as Trust from "@parley/workspace/Trust"
import { Effect, Schema } from "effect"
import * as ProjectList from "../src/consent/ProjectList.ts"
import { type Here, here } from "./support/InProcess.ts"

const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))
const decode = Schema.decodeSync(
  Schema.fromJsonString(Schema.Struct({ servers: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) }))
)
const declare = (it: Here, mcpServers: object) => it.write(".parley/mcp.json", encode({ mcpServers }))
const listed = (it: Here) => Effect.map(it.run("mcp", "trust", "-f", "json"), ({ stdout }) => decode(stdout).servers)
const hashOf = (it: Here, name: string) =>
  Effect.map(listed(it), (all) => String(all.find((one) => one["name"] === name)?.["hash"]))
const nowhere = { url: "http://127.0.0.1:1/mcp", headers: { x: "y" } }
const program = { command: "/nowhere/server", args: ["a b"], env: { __proto__x: "1" }, cwd: "/nowhere" }

describe("parley mcp trust, in this process", () => {
  it.live("lists everything that the project declares of each server, and whether it is trusted", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { mine: { command: "x" } }, permissions: { a__x: "deny" } })
      declare(it, { a: nowhere, b: program, mine: { command: "y" } })
      const all = yield* listed(it)
      assert.deepStrictEqual(
        all.map(({ hash: _, warnings: __, ...rest }) => rest),
        [
          {
            name: "a",
            standing: "unknown",
            url: nowhere.url,
            headers: ["x"],
            headerValues: [{ name: "x", value: "y" }],
            allow: [],
            permissions: [{ pattern: "a__x", permission: "deny", counts: true }]
          },
          {
            name: "b",
            standing: "unknown",
            command: program.command,
            args: program.args,
            cwd: "/nowhere",
            env: ["__proto__x"],
            envValues: [{ name: "__proto__x", value: "1" }],
            allow: [],
            permissions: []
          },
          {
            name: "mine",
            standing: "shadowed",
            command: "y",
            args: [],
            cwd: it.workspace,
            env: [],
            envValues: [],
            allow: [],
            permissions: []
          }
        ]
      )
      const text = (yield* it.run("mcp", "trust", "--list")).stdout
      assert.match(text, /^a: not trusted yet\n {2}"http:[^\n]*\n {2}headers:\n {4}"x" = "y"\n {2}hash: \w+\nb: /)
      assert.match(text, /\nmine: not used: you have a server of the same name\n/)
    })
  )

  it.live("accepts --allow for one server of the project, and only for its tools", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { mine: { command: "x" } } })
      declare(it, { a: nowhere, b: nowhere })
      const hash = yield* hashOf(it, "a")
      const yes = ["--yes", "--hash", hash]
      for (const [args, words] of [
        [["--allow", "a__x", ...yes], "--allow needs the name of a server"],
        [["a", "--allow", "b__x", ...yes], "--allow b__x: expected tools of this server, whose names begin with a__"],
        [["a", "--allow", "a__x", "--allow", "ab__x", ...yes], "--allow ab__x: expected tools of this server"],
        [
          ["mine", "--allow", "mine__x"],
          '--allow applies only to servers that this project declares; for "mine", set "permissions" in'
        ],
        [["none"], 'There is no server "none"']
      ] as const) {
        const { code, stderr } = yield* it.run("mcp", "trust", ...args)
        assert.strictEqual(code, 2, stderr)
        assert.include(stderr, words)
      }
      assert.match((yield* it.run("mcp", "trust", "--list")).stdout, /^a: not trusted yet/, "nothing was decided")
      assert.strictEqual((yield* it.run("mcp", "trust", "a", "--allow", "a__x", ...yes)).code, 0)
      assert.match(
        (yield* it.run("mcp", "trust", "--list")).stdout,
        /^a: trusted\n[^]*\n {2}runs without approval: "a__x"\n {2}hash/
      )
      assert.strictEqual((yield* it.run("mcp", "trust", "a", "--allow", "a__*", ...yes)).code, 0, "also afterwards")
      assert.match((yield* it.run("mcp", "trust", "--list")).stdout, /runs without approval: "a__\*"/)
      assert.deepStrictEqual((yield* listed(it))[0]?.["allow"], ["a__*"])
    })
  )

  it.live("decides on no server without its name, and revokes one or all", () =>
    Effect.gen(function* () {
      const it = yield* here
      const trust = (...args: ReadonlyArray<string>) => it.run("mcp", "trust", ...args)
      assert.match((yield* trust()).stderr, /^No server of this project needs a decision/)
      assert.match((yield* trust("--list")).stderr, /^This project declares no MCP servers/)
      declare(it, { a: nowhere, b: nowhere, c: nowhere })
      assert.match((yield* trust("--yes", "--hash", "x")).stderr, /--yes needs the name of the server/)
      const json = yield* trust("a", "--yes", "--hash", yield* hashOf(it, "a"), "-f", "json")
      assert.deepStrictEqual([json.code, json.stdout], [2, ""], "a list is no decision")
      for (const name of ["a", "b"])
        assert.strictEqual((yield* trust(name, "--yes", "--hash", yield* hashOf(it, name))).code, 0)
      assert.strictEqual((yield* trust("--yes", "--hash", yield* hashOf(it, "c"))).code, 0, "one is left to decide on")
      assert.match((yield* trust("--all")).stderr, /--all works only with --revoke/, "it takes nothing back by itself")
      assert.match((yield* trust("a", "--revoke")).stderr, /^Revoked 1 decision about/)
      assert.match((yield* trust("a", "--revoke")).stderr, /^There were no decisions to revoke/)
      assert.match((yield* trust("--revoke", "--all")).stderr, /^Revoked 2 decisions about/)
      for (const args of [["--revoke"], ["a", "--revoke", "--all"], ["a", "--all"]])
        assert.strictEqual((yield* trust(...args)).code, 2, args.join(" "))
    })
  )

  it.live("reports errors in the project's file, even if no server of it is needed", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.write(".parley/mcp.json", "{ not json")
      for (const args of [[], ["--list"]]) assert.strictEqual((yield* it.run("mcp", "trust", ...args)).code, 3)
      const json = yield* it.run("mcp", "trust", "-f", "json")
      assert.match(json.stdout, /"servers":\[\],"problem":"[^"]*mcp\.json:1:3/)
    })
  )
})

it("a trusted server of a project is marked as the project's, and an unused one has the reason", () => {
  const server = (name: string, standing: Trust.Standing) =>
    ({ name, standing, hash: "H", allow: [], config: { command: name } }) as const
  const project = {
    problem: undefined,
    servers: [server("t", "trusted"), server("d", "declined"), server("u", "unknown"), server("s", "shadowed")]
  }
  assert.deepStrictEqual(ProjectList.withSource(project, { name: "t" }), { name: "t", source: "project" })
  for (const name of ["d", "u", "s", "mine"])
    assert.deepStrictEqual(ProjectList.withSource(project, { name }), { name })
  assert.deepStrictEqual(
    ProjectList.notUsed(project).map(({ name, problem, state, tools }) => [name, state, tools, problem.split(";")[0]]),
    [
      ["d", "untrusted", 0, "you declined it"],
      ["u", "untrusted", 0, "you have not trusted it"],
      ["s", "shadowed", 0, "you have a server of the same name"]
    ]
  )
})
