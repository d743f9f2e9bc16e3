import { assert, describe, it } from "@effect/vitest"
import type { ConfigError } from "@parley/domain/Errors"
import { spawn } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as fs from "node:fs"
import { join } from "node:path"
import * as ProcessIdentity from "@parley/os/ProcessIdentity"
import * as JsonFile from "../src/json/JsonFile.ts"
import * as PinFiles from "../src/trust/PinFiles.ts"
import * as UserConfig from "../src/config/UserConfig.ts"
import * as UserServers from "../src/config/UserServers.ts"
import { json, mode, put, temporary } from "./support.ts"

const editor = join(import.meta.dirname, "editor.ts")

const editing = (...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | null; readonly errors: string }>((resume) => {
    const child = spawn(process.execPath, [editor, ...args], { stdio: ["ignore", "ignore", "pipe"] })
    let errors = ""
    child.stderr.setEncoding("utf8").on("data", (piece: string) => (errors += piece))
    child.on("close", (code) => resume(Effect.succeed({ code, errors })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

const parsed = (file: string) => JSON.parse(fs.readFileSync(file, "utf8"))

describe("concurrent edits", () => {
  it.live("by four processes, of the configuration, a project's files, pinned tools and trust, are all kept", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      fs.mkdirSync(join(directory, "ws"))
      const numbers = [0, 1, 2, 3]
      const ends = yield* Effect.forEach(numbers, (own) => editing(directory, String(own), "10"), {
        concurrency: "unbounded"
      })
      for (const { code, errors } of ends) assert.strictEqual(code, 0, errors)
      const expected = numbers.flatMap((own) => Array.from({ length: 10 }, (_, i) => `s${own}-${i}`)).sort()
      const { dynamicContext, mcpServers } = parsed(join(directory, "config/config.json"))
      assert.deepStrictEqual(Object.keys(mcpServers).sort(), expected)
      assert.deepStrictEqual(dynamicContext.map(({ id }: { readonly id: string }) => id).sort(), expected)
      const { include } = parsed(join(directory, "ws/.parley/context.json"))
      assert.deepStrictEqual(include.sort(), expected.map((id) => `${id}.md`).sort())
      assert.deepStrictEqual(Object.keys(parsed(join(directory, "data/pins/ab.json"))).sort(), expected)
      const [trust = ""] = fs.readdirSync(join(directory, "data/trust"))
      assert.lengthOf(fs.readdirSync(join(directory, "data/trust", trust)), 40)
      for (const at of ["config", "ws/.parley", "data/pins"])
        assert.lengthOf(fs.readdirSync(join(directory, at)), 1, "neither a lock nor a draft is left")
    })
  )

  it.live("that create a missing file while it is read do not make it look like a broken link", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = join(directory, "config.json")
      const draft = join(directory, "draft")
      for (let round = 0; round < 300; round++) {
        fs.rmSync(file, { force: true })
        fs.writeFileSync(draft, "{}\n")
        const reading = yield* Effect.forkChild(JsonFile.read({ path: file }, UserConfig.UserConfig), {
          startImmediately: true
        })
        const steps = round % 6
        for (let step = 0; step < steps; step++) yield* Effect.promise(() => fs.promises.stat(directory))
        fs.renameSync(draft, file)
        yield* Fiber.join(reading)
      }
    })
  )

  it.live("wait for the process that holds the lock, even under another name of the file", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "dotfiles/config.json", "{}\n")
      fs.mkdirSync(join(directory, "config"))
      const link = join(directory, "config/config.json")
      fs.symlinkSync("../dotfiles/config.json", link)
      const { machine, pid, started } = ProcessIdentity
      const held = json({ pid, machine, started, id: "another fiber" })
      const place = { databaseFile: join(directory, "data/parley.db") }
      const edits: ReadonlyArray<
        readonly [lock: string, edit: Effect.Effect<void, ConfigError | UserServers.ServerError>]
      > = [
        ["dotfiles/.config.json.lock", UserServers.add(file, "one", { command: "true" })],
        ["dotfiles/.config.json.lock", UserServers.add(link, "two", { command: "true" })],
        ["data/pins/.ab.json.lock", PinFiles.update(place, "ab", () => Effect.succeed({}))]
      ]
      for (const [name, edit] of edits) {
        const lock = put(directory, name, held)
        assert.strictEqual((yield* Effect.timeoutOption(edit, "300 millis"))._tag, "None", name)
        fs.rmSync(lock)
        yield* edit
      }
      assert.deepStrictEqual(Object.keys(parsed(file).mcpServers), ["one", "two"])
      assert.isTrue(fs.lstatSync(link).isSymbolicLink())
    })
  )

  it.live("that add missing servers return those that they added, not those of another process", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", "{}\n")
      const { machine, pid, started } = ProcessIdentity
      const lock = put(directory, ".config.json.lock", json({ machine, pid, started, id: "another fiber" }))
      const server = { command: "true" }
      const adding = yield* Effect.forkChild(
        UserServers.addMissing(file, [
          { name: "one", server },
          { name: "two", server }
        ]),
        { startImmediately: true }
      )
      yield* Effect.sleep("200 millis")
      put(directory, "config.json", json({ mcpServers: { one: { command: "false" } } }))
      fs.rmSync(lock)
      assert.deepStrictEqual([...(yield* Fiber.join(adding))], ["two"])
      assert.deepStrictEqual(parsed(file).mcpServers, { one: { command: "false" }, two: server })
    })
  )

  it.live("by a program that takes no lock make the edit start again, and both are kept", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", "{}\n")
      let looks = 0
      const changes = ({ mcpServers = {} }: UserConfig.UserConfig) => {
        // Once before the lock is taken, and then once for each attempt.
        if (++looks === 2) fs.writeFileSync(file, '{ "model": "demo/demo" } // typed meanwhile\n')
        return Result.succeed([{ path: ["mcpServers"], value: { ...mcpServers, s: { command: "true" } } }])
      }
      yield* JsonFile.update({ path: file }, UserConfig.UserConfig, changes)
      const text = fs.readFileSync(file, "utf8")
      assert.include(text, "typed meanwhile")
      assert.include(text, '"command": "true"')
      assert.strictEqual(looks, 3)
    })
  )

  it.live("of a file that another program keeps changing fail, and keep that program's text", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", "{}\n")
      let writes = 0
      const changes = () => {
        fs.writeFileSync(file, `{} // ${++writes}\n`)
        return Result.succeed([{ path: ["model"], value: "demo/demo" }])
      }
      const error = yield* Effect.flip(JsonFile.update({ path: file }, UserConfig.UserConfig, changes))
      assert.match(error.message, /cannot be written: another program keeps changing it; try again/)
      assert.strictEqual(fs.readFileSync(file, "utf8"), `{} // ${writes}\n`)
      assert.deepStrictEqual(fs.readdirSync(directory), ["config.json"])
    })
  )

  it.live("create no files when they change nothing", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = join(directory, "missing/config.json")
      yield* JsonFile.update({ path: file }, UserConfig.UserConfig, () => Result.succeed([]))
      assert.deepStrictEqual(fs.readdirSync(directory), [])
      yield* JsonFile.edit({ path: file }, UserConfig.UserConfig, [{ path: ["model"], value: "demo/demo" }])
      assert.strictEqual(mode(file), "600")
    })
  )
})
