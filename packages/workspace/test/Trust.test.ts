import { assert, describe, it } from "@effect/vitest"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { Effect } from "effect"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import * as ProjectServers from "../src/project/ProjectServers.ts"
import * as Trust from "../src/trust/Trust.ts"
import { json, message, mode, put, temporary } from "./support.ts"

const nowhere = { url: "http://127.0.0.1:1/" }
const server = { command: "run", args: ["a", "b"], cwd: "sub", env: { TOKEN: "x" }, timeoutMillis: 5 }

interface Here extends Trust.Place {
  readonly root: string
  readonly declare: (servers: unknown) => void
}

const place = Effect.map(temporary, (root): Here => ({
  root,
  user: { databaseFile: join(root, "data/parley/parley.db") },
  workspace: { root },
  declare: (servers) => void put(root, ".parley/mcp.json", json({ mcpServers: servers }))
}))

const standings = (here: Here, users: { readonly [name: string]: McpServerConfig } = {}) =>
  Effect.map(Trust.standings(here, users), ({ servers }) =>
    Object.fromEntries(servers.map(({ name, standing }) => [name, standing]))
  )

const only = Effect.fnUntraced(function* (here: Here) {
  const [found] = yield* ProjectServers.read(here.root)
  assert.isDefined(found)
  return found
})

const files = (directory: string): ReadonlyArray<string> =>
  fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name))

describe("the servers of a project", () => {
  it.effect("are read from JSON with comments, and start in the project's directory", () =>
    Effect.gen(function* () {
      const here = yield* place
      assert.deepStrictEqual(yield* ProjectServers.read(here.root), [])
      put(here.root, ".parley/mcp.json", `{ // ours\n "mcpServers": { "a": ${json(server)}, }, }`)
      const { config, name } = yield* only(here)
      assert.deepStrictEqual([name, config], ["a", { ...server, cwd: join(here.root, "sub") }])
    })
  )

  it.effect("have a different hash after any change, but the same one for another order of keys", () =>
    Effect.gen(function* () {
      const here = yield* place
      const hashOf = Effect.fnUntraced(function* (said: object) {
        here.declare({ a: said })
        return (yield* only(here)).hash
      })
      const hash = yield* hashOf(server)
      assert.strictEqual(yield* hashOf(Object.fromEntries(Object.entries(server).toReversed())), hash)
      const others = [
        { ...server, command: "run2" },
        { ...server, args: ["b", "a"] },
        { ...server, args: ["a b"] },
        { ...server, cwd: "." },
        { ...server, env: { TOKEN: "y" } },
        { ...server, env: { token: "x" } },
        { ...server, timeoutMillis: 6 },
        { ...server, startTimeoutMillis: 6 },
        { url: "http://a/" },
        { url: "http://a/", headers: { b: "c" } }
      ]
      const hashes = yield* Effect.forEach(others, hashOf)
      assert.strictEqual(new Set([hash, ...hashes]).size, others.length + 1)
    })
  )

  it.effect("must have no other keys, or the whole file is refused", () =>
    Effect.gen(function* () {
      const here = yield* place
      const more = [
        { readOnlyTools: ["x"] },
        { idempotentTools: ["x"] },
        { disabled: false },
        { pinning: "off" },
        { trust: true },
        { trusted: "all" },
        { permissions: {} },
        { sampling: true },
        { roots: ["/"] },
        { oauth: { clientSecret: "x" } },
        { autoApprove: ["*"] }
      ]
      for (const extra of more) {
        here.declare({ good: server, bad: { ...server, ...extra } })
        const error = yield* Effect.flip(ProjectServers.read(here.root))
        assert.match(error.message, /unknown key mcpServers\.bad\.\w+/)
        const { problem, servers } = yield* Trust.standings(here, {})
        assert.deepStrictEqual([servers, problem?.message], [[], error.message])
      }
      put(here.root, ".parley/mcp.json", json({ mcpServers: {}, trust: "all" }))
      assert.match((yield* Effect.flip(ProjectServers.read(here.root))).message, /unknown key trust/)
      for (const name of ["workspace", "two words", "f\u0456les"]) {
        here.declare({ [name]: server })
        assert.match((yield* Effect.flip(ProjectServers.read(here.root))).message, /cannot be the name|Parley's own/)
      }
      here.declare({ a: { ...server, url: "http://a/" } })
      assert.match(
        message(here.root)(yield* Effect.flip(ProjectServers.read(here.root))),
        /^\.parley\/mcp\.json:1:\d+: /
      )
    })
  )

  it.effect("are not read through a link that leads out of the project", () =>
    Effect.gen(function* () {
      const here = yield* place
      const outside = put(yield* temporary, "mcp.json", json({ mcpServers: { a: server } }))
      fs.mkdirSync(join(here.root, ".parley"))
      fs.symlinkSync(outside, ProjectServers.fileOf(here.root))
      assert.match((yield* Effect.flip(ProjectServers.read(here.root))).message, /leads out of the workspace/)
    })
  )
})

describe("trust", () => {
  it.effect("applies to exactly one server of one project, is private to the user, and can be revoked", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.declare({ a: server, b: { url: "http://127.0.0.1/" } })
      assert.deepStrictEqual(yield* standings(here), { a: "unknown", b: "unknown" })
      assert.deepStrictEqual(Trust.counting({}, yield* Trust.standings(here, {})), {})
      const found = yield* ProjectServers.read(here.root)
      for (const one of found) yield* Trust.decide(here, one, one.name === "a" ? "trusted" : "declined")
      assert.deepStrictEqual(yield* standings(here), { a: "trusted", b: "declined" })
      const counting = Trust.counting({ mine: nowhere }, yield* Trust.standings(here, { mine: nowhere }))
      assert.deepStrictEqual(Object.keys(counting).sort(), ["a", "mine"])
      const stored = files(join(here.root, "data/parley/trust"))
      assert.deepStrictEqual(stored.map(mode).sort(), ["600", "600", "700"])

      const elsewhere = yield* place
      elsewhere.declare({ a: server })
      assert.deepStrictEqual(yield* standings({ ...elsewhere, user: here.user }), { a: "unknown" })

      here.declare({ b: server, a: { ...server, env: { TOKEN: "y" } } })
      assert.deepStrictEqual(yield* standings(here), { b: "unknown", a: "unknown" })
      here.declare({ a: server })
      assert.deepStrictEqual(yield* standings(here), { a: "trusted" })
      assert.strictEqual(yield* Trust.revoke(here, "a"), 1)
      assert.strictEqual(yield* Trust.revoke(here, "a"), 0)
      assert.deepStrictEqual(yield* standings(here), { a: "unknown" })
      yield* Trust.decide(here, yield* only(here), "trusted")
      assert.strictEqual(yield* Trust.revoke(here, undefined), 2)
      assert.deepStrictEqual(yield* standings(here), { a: "unknown" })
    })
  )

  it.effect("is ignored if others could have written it, or if it is damaged or for another server", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.declare({ a: server })
      const found = yield* only(here)
      const record = Effect.map(Trust.decide(here, found, "trusted"), () =>
        files(join(here.root, "data/parley/trust"))
          .filter((path) => path.endsWith(".json"))
          .join()
      )
      fs.chmodSync(yield* record, 0o666)
      assert.deepStrictEqual(yield* standings(here), { a: "unknown" })
      fs.writeFileSync(yield* record, "{")
      assert.deepStrictEqual(yield* standings(here), { a: "unknown" })
      const said = { root: here.root, name: "a", hash: found.hash, decision: "trusted" }
      for (const other of [{ root: "/" }, { name: "b" }, { hash: "0" }, { decision: "maybe" }]) {
        fs.writeFileSync(yield* record, json({ ...said, ...other }))
        assert.deepStrictEqual(yield* standings(here), { a: "unknown" }, json(other))
      }
      fs.writeFileSync(yield* record, json(said))
      assert.deepStrictEqual(yield* standings(here), { a: "trusted" })
      assert.strictEqual(fs.readdirSync(dirname(yield* record)).length, 1, "nothing else is left behind")
    })
  )

  it.effect("is not asked for if the user has a server of that name, enabled or disabled", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.declare({ a: server, b: server })
      const users = { a: { command: "mine", disabled: true } }
      for (const { name, hash } of yield* ProjectServers.read(here.root))
        yield* Trust.decide(here, { name, hash }, "trusted")
      const found = yield* Trust.standings(here, users)
      assert.deepStrictEqual(yield* standings(here, users), { a: "shadowed", b: "trusted" })
      assert.deepStrictEqual(Trust.counting(users, found)["a"], users.a)
      assert.deepStrictEqual(Object.keys(Trust.counting(users, Trust.trusting(found))).sort(), ["a", "b"])
    })
  )

  it.effect("that was declined is not mentioned again until the server changes", () =>
    Effect.gen(function* () {
      const here = yield* place
      const notice = Effect.map(Trust.standings(here, {}), (found) => Trust.notice(here.root, found))
      here.declare({ a: server })
      assert.match(String(yield* notice), /ignored, because you have not trusted them: a$/)
      yield* Trust.decide(here, yield* only(here), "declined")
      assert.isUndefined(yield* notice)
      here.declare({ a: { ...server, args: [] } })
      assert.include(String(yield* notice), "not trusted them: a")
    })
  )

  it.effect("keeps the tools that run without approval, for exactly the server they were allowed for", () =>
    Effect.gen(function* () {
      const here = yield* place
      const allowing = Effect.map(Trust.standings(here, {}), (found) => [...Trust.allowing(found)])
      here.declare({ a: server, b: server })
      const [a, b] = yield* ProjectServers.read(here.root)
      assert.isDefined(a)
      assert.isDefined(b)
      yield* Trust.decide(here, a, "trusted", ["a__list*"])
      yield* Trust.decide(here, b, "declined", ["b__*"])
      assert.deepStrictEqual(yield* allowing, [["a", ["a__list*"]]])
      assert.deepStrictEqual(
        [...Trust.allowing(Trust.trusting(yield* Trust.standings(here, { b: nowhere })))],
        [["a", ["a__list*"]]],
        "a server of the user is none of the project's"
      )
      here.declare({ a: { ...server, args: ["a"] } })
      assert.deepStrictEqual(yield* allowing, [])
      assert.deepStrictEqual([...Trust.allowing(Trust.trusting(yield* Trust.standings(here, {})))], [["a", []]])
      here.declare({ a: server })
      yield* Trust.decide(here, a, "trusted")
      assert.deepStrictEqual(yield* allowing, [["a", []]], "trusting it again allows what is said then")
      const elsewhere = yield* place
      elsewhere.declare({ a: server })
      assert.deepStrictEqual([...Trust.allowing(yield* Trust.standings({ ...elsewhere, user: here.user }, {}))], [])
    })
  )

  it.effect("of many concurrent processes is all kept", () =>
    Effect.gen(function* () {
      const here = yield* place
      const names = Array.from({ length: 30 }, (_, i) => `s${i}`)
      here.declare(Object.fromEntries(names.map((name) => [name, server])))
      const found = yield* ProjectServers.read(here.root)
      yield* Effect.forEach(found, (one) => Trust.decide(here, one, "trusted"), { concurrency: "unbounded" })
      assert.deepStrictEqual(new Set(Object.values(yield* standings(here))), new Set(["trusted"]))
    })
  )
})
