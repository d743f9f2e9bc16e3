import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import * as LoginOptions from "../src/auth/LoginOptions.ts"
import { update } from "../src/auth/LoginStore.ts"
import { logFile } from "../src/requests/LogFile.ts"
import { keeping, sweep } from "../src/results/ResultFiles.ts"
import { readResult } from "../src/builtin/ResultReading.ts"
import { directory } from "./support.ts"
import { text } from "@parley/domain/Content"
import { textOf } from "./support.ts"

/** Gives a file to another user if we may do that, and otherwise makes it writable by others. */
const spoil = (path: string): RegExp => {
  if (process.getuid?.() === 0) fs.chownSync(path, 4321, 4321)
  else fs.chmodSync(path, 0o777)
  return /belongs to uid 4321|can be written by other users/
}

const writeLog = (path: string) =>
  Effect.scoped(Effect.map(logFile(path, "net"), (write) => write("a line of the server's")))

describe("server logs", () => {
  it.live("are not written through a linked directory", () =>
    Effect.gen(function* () {
      const top = yield* directory
      fs.mkdirSync(join(top, "victim"))
      fs.writeFileSync(join(top, "victim/net.log"), "precious", { mode: 0o644 })
      fs.symlinkSync("victim", join(top, "mcp-logs"))
      yield* writeLog(join(top, "mcp-logs"))
      assert.strictEqual(fs.readFileSync(join(top, "victim/net.log"), "utf8"), "precious")
      assert.strictEqual(fs.statSync(join(top, "victim/net.log")).mode & 0o777, 0o644)
    })
  )

  it.live("are not written into files or directories of another user", () =>
    Effect.gen(function* () {
      const top = yield* directory
      const logs = join(top, "mcp-logs")
      yield* writeLog(logs)
      const file = join(logs, "net.log")
      assert.include(fs.readFileSync(file, "utf8"), "a line")
      const before = fs.readFileSync(file, "utf8")
      spoil(logs)
      yield* writeLog(logs)
      assert.strictEqual(fs.readFileSync(file, "utf8"), before)
      if (process.getuid?.() !== 0) return
      fs.chownSync(logs, 0, 0)
      fs.chownSync(file, 4321, 4321)
      yield* writeLog(logs)
      assert.strictEqual(fs.readFileSync(file, "utf8"), before)
    })
  )
})

describe("logins", () => {
  const url = "https://one.example/mcp"

  for (const what of ["mcp-auth", "the file"]) {
    it.live(`are not trusted if another user could have written ${what}`, () =>
      Effect.gen(function* () {
        const path = join(yield* directory, "mcp-auth")
        const login = LoginOptions.directory(path).login(url)
        yield* update(login, (record) => record)
        const [name = ""] = fs.readdirSync(path)
        const spoiled = what === "mcp-auth" ? path : join(path, name)
        const words = spoil(spoiled)
        const error = yield* Effect.flip(login.read)
        assert.strictEqual(error.path, spoiled)
        assert.match(error.message, words)
        assert.match((yield* Effect.flip(update(login, (record) => record))).message, words)
      })
    )
  }

  it.live("are not read through links", () =>
    Effect.gen(function* () {
      const top = yield* directory
      const path = join(top, "mcp-auth")
      const login = LoginOptions.directory(path).login(url)
      yield* update(login, (record) => record)
      const [name = ""] = fs.readdirSync(path)
      fs.renameSync(join(path, name), join(top, "aside"))
      fs.symlinkSync("../aside", join(path, name))
      assert.match((yield* Effect.flip(login.read)).message, /is a symbolic link/)
      fs.unlinkSync(join(path, name))
      fs.renameSync(path, join(top, "elsewhere"))
      fs.symlinkSync("elsewhere", path)
      assert.match((yield* Effect.flip(login.read)).message, /is a symbolic link/)
    })
  )
})

describe("kept results", () => {
  const result = `result-${"a".repeat(32)}.txt`
  const keep = (path: string) =>
    keeping({ directory: path, readWith: undefined }, (keep) => ({
      isError: false,
      content: [text(keep("the whole", "txt")?.path ?? "not kept")]
    }))

  it.live("are neither written, read nor removed where another user could change them", () =>
    Effect.gen(function* () {
      const top = yield* directory
      const path = join(top, "results")
      assert.include(textOf((yield* keep(path)).content), path)
      fs.writeFileSync(join(path, result), "of another", { mode: 0o600 })
      const read = Effect.result(readResult(path, { name: result }))
      assert.strictEqual((yield* read)._tag, "Success")
      fs.utimesSync(join(path, result), 0, 0)

      const words = spoil(path)
      const output = textOf((yield* keep(path)).content)
      assert.match(output, words)
      assert.include(output, "mode 0700")
      assert.strictEqual((yield* read)._tag, "Failure")
      yield* sweep(path)
      assert.isTrue(fs.existsSync(join(path, result)))
    })
  )
})
