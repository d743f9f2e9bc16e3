import { type Accepts, type Attachment, FilesManager } from "@parley/domain/FilesManager"
import type { Withheld } from "@parley/domain/ReadFence"
import { matcher } from "@parley/domain/SecretFiles"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import * as DynamicContext from "../src/project/DynamicContext.ts"
import * as Files from "../src/files/Files.ts"
import * as Locations from "../src/config/Locations.ts"
import * as Permissions from "../src/config/Permissions.ts"
import * as Prompt from "../src/project/Prompt.ts"
import * as SecretReads from "../src/config/SecretReads.ts"
import * as UserConfig from "../src/config/UserConfig.ts"
import { configure, json, message, put, reasons, temporary, texts } from "./support.ts"

const key = "-----BEGIN PRIVATE KEY-----\nMII"

/** A home that is a workspace too, with Parley's own files in the places that Parley itself gives them. */
const world = Effect.gen(function* () {
  const home = yield* temporary
  const user = yield* Locations.user({ env: { HOME: home }, platform: "linux" })
  const withheld: Withheld = {
    directories: Locations.privateDirectories(user),
    except: [user.instructionsFile]
  }
  const own = [
    user.configFile,
    user.databaseFile,
    `${user.databaseFile}-wal`,
    `${user.databaseFile}-shm`,
    `${user.databaseFile}.version-1.bak`,
    path.join(path.dirname(user.databaseFile), "trust/x/y.json"),
    path.join(path.dirname(user.databaseFile), "pins/a.json"),
    path.join(user.mcpAuthDirectory, "a.json"),
    path.join(user.resultsDirectory, "result-1.txt"),
    Locations.serverLog(user, "a"),
    path.join(Locations.requests(user), "1.json")
  ].map((file) => path.relative(home, file))
  for (const file of own) put(home, file, "OWN")
  put(home, path.relative(home, user.instructionsFile), "my instructions")
  put(home, "a.txt", "a")
  return { home, user, withheld, own }
})

const manager = (root: string, withheld: Withheld, instructionsFile?: string) =>
  Effect.provide(FilesManager, Files.layer({ root, withheld, instructionsFile }), { local: true })

const accepts: Accepts = {}
const attached = (root: string, withheld: Withheld, text: string) =>
  Effect.flatMap(manager(root, withheld), ({ attach }) => attach?.(text, accepts) ?? Effect.succeed([]))
const outcome = (attachment: Attachment): readonly [string, string] =>
  attachment._tag === "File"
    ? [attachment.file.path, attachment.file.text]
    : attachment._tag === "NotAttached"
      ? [attachment.path, attachment.reason]
      : [attachment._tag, ""]

describe("Parley's own files", () => {
  it.effect("are not included, by name or by pattern", () =>
    Effect.gen(function* () {
      const { home, own, withheld } = yield* world
      fs.symlinkSync(".config/parley/config.json", path.join(home, "link"))
      fs.symlinkSync(".local/share", path.join(home, "share"))
      fs.linkSync(path.join(home, ".local/share/parley/parley.db"), path.join(home, "hard.txt"))
      const named = [...own, "link", "share/parley/mcp-auth/a.json", "hard.txt"]
      configure(home, [
        ...named,
        "**/*",
        ".config/**",
        "{.config,.local}/**/*.json",
        "share/*/*",
        ".local/state/parley/*"
      ])
      const set = yield* Files.read(home, withheld)
      assert.deepStrictEqual(texts(set), { "a.txt": "a" })
      const said = reasons(set)
      for (const file of named) assert.include(said[file], "belongs to Parley itself", file)
      // What patterns would have found is not even named.
      assert.deepStrictEqual(
        Object.keys(said).filter((file) => file.includes("parley/") && !named.includes(file)),
        [".local/state/parley/"]
      )
    })
  )

  it.effect("are not shown as instructions through any link, except the user's own instructions", () =>
    Effect.gen(function* () {
      const { home, user, withheld } = yield* world
      fs.symlinkSync(".config/parley/config.json", path.join(home, "AGENTS.md"))
      fs.linkSync(user.databaseFile, path.join(home, "CLAUDE.md"))
      const read = Effect.flatMap(manager(home, withheld, user.instructionsFile), ({ read }) => read)
      const set = yield* read
      assert.deepStrictEqual(texts(set), { [user.instructionsFile]: "my instructions" })
      assert.include(reasons(set)["AGENTS.md"], "belongs to Parley itself")
      assert.include(reasons(set)["CLAUDE.md"], "belongs to Parley itself")

      fs.unlinkSync(user.instructionsFile)
      fs.symlinkSync("config.json", user.instructionsFile)
      assert.deepStrictEqual(texts(yield* read), {})
    })
  )

  it.effect("are not attached by a mention, and are left out of a mentioned directory", () =>
    Effect.gen(function* () {
      const { home, own, withheld } = yield* world
      fs.symlinkSync(".config/parley", path.join(home, "cfg"))
      fs.linkSync(path.join(home, ".config/parley/config.json"), path.join(home, "hard.json"))
      for (const file of [
        ...own,
        "cfg/config.json",
        "cfg",
        "hard.json",
        ".config/parley",
        ".local/share/parley/results/"
      ]) {
        const [found, ...more] = yield* attached(home, withheld, `@${file}`)
        assert.isEmpty(more)
        assert.strictEqual(found?._tag, "NotAttached", file)
        assert.include(outcome(found ?? assert.fail())[1], "belongs to Parley itself", file)
      }
      assert.deepStrictEqual((yield* attached(home, withheld, "@.config/")).map(outcome), [[".config/", ""]])
      put(home, "sub/a.md", "")
      fs.linkSync(path.join(home, ".config/parley/config.json"), path.join(home, "sub/b.json"))
      fs.symlinkSync("../.config/parley", path.join(home, "sub/c"))
      assert.deepStrictEqual((yield* attached(home, withheld, "@sub/")).map(outcome), [["sub/", "a.md"]])
    })
  )

  it.effect("are not read as instructions of the prompt, and the reason is explained", () =>
    Effect.gen(function* () {
      const { home, withheld } = yield* world
      put(home, ".parley/prompt.json", json({ instructions: { file: ".config/parley/config.json" } }))
      const error = message(home)(yield* Effect.flip(Prompt.read(home, withheld)))
      assert.match(error, /^\.parley\/prompt\.json:1:.*instructions\.file: belongs to Parley itself/)
      const { explain } = yield* manager(home, withheld)
      assert.include(
        yield* explain?.(".config/parley/config.json") ?? Effect.succeed(""),
        "it belongs to Parley itself"
      )
    })
  )
})

describe("a file that the system generates", () => {
  it.effect("is not included or mentioned", () =>
    Effect.gen(function* () {
      const root = "/"
      const words = "@proc/self/status @sys/kernel/ @dev/null @dev/shm/"
      const found = (yield* attached(root, { directories: [] }, words)).map(outcome)
      assert.deepStrictEqual(
        found.map(([path, reason]) => [path, /generated by the system|is a device/.test(reason)]),
        [
          ["proc/self/status", true],
          ["sys/kernel", true],
          ["dev/null", true],
          ["dev/shm", true]
        ]
      )
    })
  )
})

describe("files that may hold secrets", () => {
  const secrets = { directories: [] }
  const files = Effect.gen(function* () {
    const root = yield* temporary
    put(root, ".env", "SECRET")
    put(root, "conf/prod.env", "SECRET")
    put(root, "conf/.env.example", "EXAMPLE")
    put(root, "conf/key.txt", key)
    put(root, "conf/a.txt", "a")
    fs.symlinkSync(".env", path.join(root, "settings"))
    fs.symlinkSync("conf/a.txt", path.join(root, "id_rsa"))
    return root
  })

  it.effect("are included neither by name nor by pattern, and each is reported with the reason", () =>
    Effect.gen(function* () {
      const root = yield* files
      configure(root, [".env", "settings", "id_rsa", "conf/**", "conf/.*"])
      fs.symlinkSync("conf/prod.env", path.join(root, "AGENTS.md"))
      const set = yield* Files.read(root, secrets)
      assert.deepStrictEqual(texts(set), { "conf/.env.example": "EXAMPLE", "conf/a.txt": "a" })
      const said = reasons(set)
      for (const file of [".env", "settings", "id_rsa", "conf/prod.env", "conf/key.txt", "AGENTS.md"])
        assert.match(said[file] ?? "", /^may hold secrets \(.*"secretFiles" in your own configuration/, file)
      assert.include(said["conf/key.txt"], "begins like a private key")
    })
  )

  it.effect("are included if the user has exempted them, and left out if the user has added them", () =>
    Effect.gen(function* () {
      const root = yield* files
      configure(root, [".env", "conf/key.txt", "conf/a.txt"])
      const set = yield* Files.read(root, { directories: [], secrets: matcher(["!.env", "!key.txt", "conf/a.txt"]) })
      assert.deepStrictEqual(texts(set), { ".env": "SECRET", "conf/key.txt": key })
      assert.include(reasons(set)["conf/a.txt"], "secretFiles")
    })
  )

  it.effect("are not read for the prompt, but are attached if the user mentions them", () =>
    Effect.gen(function* () {
      const root = yield* files
      put(root, ".parley/prompt.json", json({ instructions: { file: "settings" } }))
      assert.include((yield* Effect.flip(Prompt.read(root, secrets))).problem, "may hold secrets")
      assert.deepStrictEqual((yield* attached(root, secrets, "@.env @settings @conf/key.txt")).map(outcome), [
        [".env", "SECRET"],
        ["settings", "SECRET"],
        ["conf/key.txt", key]
      ])
    })
  )

  it.effect("are not read by slots of a project, but by the user's own", () =>
    Effect.gen(function* () {
      const root = yield* files
      const read = (id: string, path: string) => ({ id, tool: "workspace__read_file", input: { path } })
      const configFile = put(root, "home/config.json", json({ dynamicContext: [read("mine", ".env")] }))
      const slots = [read("a", "conf//prod.env"), read("b", "conf/a.txt"), read("c", ".ENV"), read("d", ".env.example")]
      put(root, ".parley/dynamic.json", json({ slots }))
      const found = yield* DynamicContext.read({ root, configFile })
      assert.deepStrictEqual(
        found.slots.map(({ id }) => id),
        ["mine", "b", "d"]
      )
      assert.deepStrictEqual(
        found.ignored.map(({ id }) => id),
        ["a", "c"]
      )
      assert.include(found.warnings[0], 'a project may not read "conf/prod.env", which may hold secrets')

      put(root, "home/config.json", json({ secretFiles: ["!prod.env", "a.txt"] }))
      const changed = yield* DynamicContext.read({ root, configFile })
      assert.deepStrictEqual(
        changed.slots.map(({ id }) => id),
        ["a", "d"]
      )
    })
  )
})

describe("a call that reads a file that may hold secrets", () => {
  const secretRead = SecretReads.finder("/w/.ssh-tools", matcher(["!known.env", "*.secret"]))
  const tool = (name: string) =>
    ({ name, server: "", tool: "", description: "", inputSchema: {}, safeToRepeat: "read-only" }) as const
  const clean = { tainted: false }
  const read = tool("workspace__read_file")

  it("requires approval, whatever allows the tool", () => {
    for (const rule of [
      Permissions.rule({}, { secretRead }),
      Permissions.rule({ "*": "allow", "workspace__*": "allow", workspace__read_file: "allow" }, { secretRead }),
      Permissions.rule({}, { allowed: ["*", "workspace__read_file"], secretRead }),
      Permissions.rule({ workspace__read_file: "ask-if-tainted" }, { secretRead })
    ]) {
      for (const path of [".env", "./a//.env", "x/ID_RSA", "x.secret", "a\\.env"])
        assert.strictEqual(rule(read, clean, { path }), "ask", path)
      for (const path of ["a.ts", ".env.example", "known.env", "id_rsa.pub", 7])
        assert.strictEqual(rule(read, clean, { path }), "allow", String(path))
      assert.strictEqual(rule({ ...read, name: "workspace__list_files" }, clean, { path: ".env" }), "allow")
    }
  })

  it("stays denied if the tool is denied", () => {
    const rule = Permissions.rule({ workspace__read_file: "deny" }, { allowed: ["*"], secretRead })
    assert.strictEqual(rule(read, clean, { path: ".env" }), "deny")
  })

  it("is recognised by the workspace's own path too", () => {
    assert.strictEqual(
      SecretReads.finder("/home/me/.ssh", matcher())("workspace__read_file", { path: "config" })?.path,
      "config"
    )
  })
})

describe("secretFiles", () => {
  it.effect("accepts names, ends of paths and directories, and nothing else", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const load = (entries: unknown) =>
        UserConfig.load(put(directory, "config.json", json({ secretFiles: entries }))).pipe(Effect.result)
      const good = ["*.secret", "!*.pem", "deploy/token", "keys/**", "!a b.txt", "café.txt"]
      assert.strictEqual((yield* load(good))._tag, "Success")
      for (const entry of [
        "",
        "!",
        "!!a",
        "/etc/x",
        "~/x",
        "a/",
        "a//b",
        "../x",
        "./x",
        "**",
        "a/**/b",
        "a\\b",
        "a\nb",
        " ",
        7,
        "x".repeat(300)
      ])
        assert.strictEqual((yield* load([entry]))._tag, "Failure", String(entry))
      const error = yield* Effect.flip(
        UserConfig.load(put(directory, "config.json", json({ secretFiles: ["ok", "/x"] })))
      )
      assert.match(
        message(directory)(error),
        /^config\.json:1:\d+: secretFiles\[1\]: expected a name such as "\*\.secret"/
      )
      assert.strictEqual((yield* load(Array.from({ length: 257 }, () => "a")))._tag, "Failure")
    })
  )

  it.effect("cannot be set by a project", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, ".parley/context.json", json({ include: [".env"], secretFiles: ["!.env"] }))
      assert.include((yield* Effect.flip(Files.read(root))).message, "unknown key secretFiles")
    })
  )
})
