import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { execFile, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import * as JsonFile from "../src/json/JsonFile.ts"
import * as UserConfig from "../src/config/UserConfig.ts"
import { message, mode, put, temporary, unprivileged, texts } from "./support.ts"

const server = (i: number): UserConfigChange => ({ path: ["mcpServers", `s${i}`], value: { command: `run-${i}` } })
type UserConfigChange = Parameters<typeof UserConfig.edit>[1][number]

const names = (config: UserConfig.UserConfig) => Object.keys(config.mcpServers ?? {}).sort()

describe("an edit", () => {
  it.effect("preserves comments, layout, line ends and the byte order mark", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const text =
        '\uFEFF// mine\r\n{\r\n\t"model": "a/b", // the good one\r\n\t"limits": { "turns": 3 }, /* few */\r\n}\r\n'
      const file = put(directory, "config.json", text)
      yield* UserConfig.edit(file, [
        { path: ["model"], value: "a/c" },
        { path: ["limits", "turns"], value: undefined }
      ])
      assert.strictEqual(fs.readFileSync(file, "utf8"), text.replace("a/b", "a/c").replace('{ "turns": 3 }', "{}"))
      yield* UserConfig.edit(file, [{ path: ["limits", "toolConcurrency"], value: 2 }])
      const after = yield* UserConfig.load(file)
      assert.deepStrictEqual(after.config, { model: { provider: "a", model: "c" }, limits: { toolConcurrency: 2 } })
      assert.include(fs.readFileSync(file, "utf8"), '\t\t"toolConcurrency": 2\r\n')
    })
  )

  it.effect("creates missing files and directories for the owner only, whatever the umask", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = `${directory}/a/b/config.json`
      yield* Effect.acquireUseRelease(
        Effect.sync(() => process.umask(0)),
        () => UserConfig.edit(file, [server(1)]),
        (umask) => Effect.sync(() => process.umask(umask))
      )
      assert.deepStrictEqual([mode(`${directory}/a`), mode(`${directory}/a/b`), mode(file)], ["700", "700", "600"])
      fs.chmodSync(file, 0o644)
      yield* UserConfig.edit(file, [server(2)])
      assert.strictEqual(mode(file), "600")
    })
  )

  it.effect("follows a link and leaves it a link", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const real = put(directory, "dotfiles/parley.json", "{}")
      fs.symlinkSync("dotfiles/parley.json", `${directory}/config.json`)
      yield* UserConfig.edit(`${directory}/config.json`, [server(1)])
      assert.isTrue(fs.lstatSync(`${directory}/config.json`).isSymbolicLink())
      assert.include(fs.readFileSync(real, "utf8"), "run-1")
    })
  )

  const invalid: ReadonlyArray<readonly [string, string | Uint8Array, string]> = [
    ["broken", '{ "model": ', "config.json:1:12: expected a value"],
    ["empty", "", "config.json:1:1: the file is empty; expected an object, at least {}"],
    ["of an unknown key", '{ "modle": "a/b" }', 'config.json:1:3: unknown key modle; did you mean "model"?'],
    ["not text", Buffer.from([0xff, 0xfe, 0x00]), "config.json: is not valid UTF-8 text"]
  ]
  for (const [name, content, expected] of invalid) {
    it.effect(`never replaces a file that is ${name}`, () =>
      Effect.gen(function* () {
        const directory = yield* temporary
        const file = put(directory, "config.json", content)
        const error = yield* Effect.flip(UserConfig.edit(file, [server(1)]))
        assert.strictEqual(message(directory)(error), expected)
        assert.deepStrictEqual(fs.readFileSync(file), Buffer.from(content))
        assert.deepStrictEqual(fs.readdirSync(directory), ["config.json"])
      })
    )
  }

  it.effect("that would make the file invalid is refused", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", '{ "model": "a/b" }')
      const refuse = (change: UserConfigChange) =>
        Effect.map(Effect.flip(UserConfig.edit(file, [server(1), change])), message(directory))
      assert.strictEqual(
        yield* refuse({ path: ["limits"], value: { turns: -1 } }),
        "config.json: not changed, because the result would be invalid: limits.turns: expected a whole number above 0, found -1"
      )
      assert.strictEqual(
        yield* refuse({ path: ["model", "name"], value: "x" }),
        "config.json: model.name cannot be set: its parent is not an object"
      )
      assert.strictEqual(fs.readFileSync(file, "utf8"), '{ "model": "a/b" }')
    })
  )

  it.effect("of a project's file stays in the project", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const root = `${directory}/ws`
      fs.mkdirSync(root)
      const edit = (name: string) =>
        JsonFile.edit({ path: `${root}/${name}/context.json`, within: root }, Files.ProjectFile, [
          { path: ["include"], value: ["a.md"] }
        ])
      yield* edit(".parley")
      put(root, "a.md", "a")
      assert.deepStrictEqual(texts(yield* Files.read(root)), { "a.md": "a" })
      fs.mkdirSync(`${directory}/outside`)
      fs.symlinkSync("../outside", `${root}/link`)
      assert.strictEqual(
        message(root)(yield* Effect.flip(edit("link"))),
        "link/context.json: cannot be written: leads out of the workspace"
      )
      assert.deepStrictEqual(fs.readdirSync(`${directory}/outside`), [])
    })
  )

  it.effect("that fails on the disk leaves the old file and nothing else", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", "{}")
      fs.chmodSync(directory, 0o555)
      const error = yield* unprivileged(directory, Effect.flip(UserConfig.edit(file, [server(1)])))
      assert.strictEqual(message(directory)(error), "config.json: cannot be written: permission denied")
      assert.deepStrictEqual(fs.readdirSync(directory), ["config.json"])
      assert.strictEqual(fs.readFileSync(file, "utf8"), "{}")
    })
  )
})

describe("concurrent edits", () => {
  it.effect("of one process are all kept", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", "{\n  // kept\n}\n")
      const all = Array.from({ length: 10 }, (_, i) => i)
      yield* Effect.forEach(all, (i) => UserConfig.edit(file, [server(i)]), { concurrency: "unbounded" })
      const { config } = yield* UserConfig.load(file)
      assert.deepStrictEqual(
        names(config),
        all.map((i) => `s${i}`)
      )
      assert.include(fs.readFileSync(file, "utf8"), "// kept")
      assert.deepStrictEqual(fs.readdirSync(directory), ["config.json"])
    })
  )

  it.live("of several processes leave a complete file at every moment", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", "{}")
      const script = `
        import * as Effect from "effect/Effect"
        import * as UserConfig from "./src/config/UserConfig.ts"
        const [file, name] = process.argv.slice(1)
        for (let i = 0; i < 25; i++) {
          const value = { command: "x".repeat(i * 500) + "y" }
          await Effect.runPromise(UserConfig.edit(file, [{ path: ["mcpServers", name], value }]))
        }`
      const child = (name: string) =>
        Effect.callback<number | null>((resume) => {
          const started = spawn(process.execPath, ["--input-type=module", "-e", script, file, name], {
            cwd: new URL("..", import.meta.url),
            stdio: "inherit"
          })
          started.on("exit", (code) => resume(Effect.succeed(code)))
          return Effect.sync(() => started.kill())
        })
      const writers = yield* Effect.forkChild(Effect.all([child("a"), child("b")], { concurrency: 2 }))
      let reads = 0
      while (writers.pollUnsafe() === undefined) {
        yield* UserConfig.load(file)
        reads++
      }
      assert.deepStrictEqual(yield* Fiber.join(writers), [0, 0])
      assert.isAbove(reads, 10)
      // The last one to write is certainly there; the other's last edit may be lost.
      assert.isAtLeast(names((yield* UserConfig.load(file)).config).length, 1)
      assert.deepStrictEqual(fs.readdirSync(directory), ["config.json"])
    })
  )
})

it.live("a file that is itself a mount point is overwritten", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const mounted = `${directory}/real.json`
    const file = `${directory}/config.json`
    fs.writeFileSync(mounted, '{ "mcpServers": {} } // kept\n', { mode: 0o600 })
    fs.writeFileSync(file, "{}\n", { mode: 0o600 })
    const script = `const { Effect } = await import("effect")
      const UserConfig = await import(process.argv[1])
      const change = { path: ["model"], value: "a/b" }
      await Effect.runPromise(UserConfig.edit(process.argv[2], [change]))`
    const source = `${import.meta.dirname}/../src/config/UserConfig.ts`
    const unshared = (line: string) =>
      Effect.callback<string>((resume) => {
        const args = ["-rm", "sh", "-c", line, "sh", mounted, file, process.execPath, script, source]
        execFile("unshare", args, { cwd: import.meta.dirname }, (error) =>
          resume(Effect.succeed(error === null ? "" : error.message))
        )
      })
    const mount = 'mount --bind "$1" "$2"'
    // Where no namespace may be made there is nothing to try.
    if ((yield* unshared(mount)) !== "") return
    const run = yield* unshared(`${mount} && exec "$3" --input-type=module --eval "$4" "$5" "$2"`)
    assert.strictEqual(run, "")
    assert.match(fs.readFileSync(mounted, "utf8"), /"mcpServers": \{\}[^]*"model": "a\/b"[^]*\/\/ kept/)
    assert.strictEqual(fs.readFileSync(file, "utf8"), "{}\n")
    assert.deepStrictEqual(
      fs.readdirSync(directory).filter((name) => name.endsWith(".tmp")),
      []
    )
  })
)
