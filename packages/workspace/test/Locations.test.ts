import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Environment } from "@parley/domain/Environment"
import * as fs from "node:fs"
import * as os from "node:os"
import * as EnvironmentInfo from "../src/project/EnvironmentInfo.ts"
import * as Locations from "../src/config/Locations.ts"
import { put, temporary, unprivileged } from "./support.ts"

describe("a user's files", () => {
  const xdg = { XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "/d", XDG_STATE_HOME: "/s" }
  const unset = ["/h/.config/parley/config.json", "/h/.local/share/parley/parley.db", "/h/.local/state/parley"]
  const support = "/h/Library/Application Support/parley"
  const table: ReadonlyArray<readonly [string, string, Locations.Env, ReadonlyArray<string>]> = [
    ["XDG unset", "linux", { HOME: "/h" }, unset],
    ["XDG set", "linux", { HOME: "/h", ...xdg }, ["/c/parley/config.json", "/d/parley/parley.db", "/s/parley"]],
    ["XDG set, no home", "linux", xdg, ["/c/parley/config.json", "/d/parley/parley.db", "/s/parley"]],
    ["XDG relative", "linux", { HOME: "/h", XDG_CONFIG_HOME: "c", XDG_DATA_HOME: "./d", XDG_STATE_HOME: "~/s" }, unset],
    ["XDG empty", "linux", { HOME: "/h", XDG_CONFIG_HOME: "", XDG_DATA_HOME: "", XDG_STATE_HOME: "" }, unset],
    ["macOS", "darwin", { HOME: "/h" }, [`${support}/config.json`, `${support}/parley.db`, support]],
    ["macOS with XDG", "darwin", { HOME: "/h", ...xdg }, ["/c/parley/config.json", "/d/parley/parley.db", "/s/parley"]],
    [
      "Windows",
      "win32",
      { USERPROFILE: "C:\\U", APPDATA: "D:\\R", LOCALAPPDATA: "L" },
      ["D:\\R\\parley\\config.json", "D:\\R\\parley\\parley.db", "C:\\U\\AppData\\Local\\parley"]
    ]
  ]
  for (const [name, platform, env, [configFile, databaseFile, stateDirectory]] of table) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const found: unknown = yield* Locations.user({ env, platform })
        const instructionsFile = configFile?.replace("config.json", "AGENTS.md")
        const resultsDirectory = databaseFile?.replace("parley.db", "results")
        const mcpAuthDirectory = databaseFile?.replace("parley.db", "mcp-auth")
        const keysFile = databaseFile?.replace("parley.db", "keys.json")
        assert.deepStrictEqual(found, {
          configFile,
          instructionsFile,
          keysFile,
          databaseFile,
          resultsDirectory,
          mcpAuthDirectory,
          stateDirectory
        })
      })
    )
  }

  for (const [platform, env, variable] of [
    ["linux", {}, "$HOME"],
    ["linux", { HOME: "" }, "$HOME"],
    ["linux", { HOME: "home/me", XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "/d" }, "$HOME"],
    ["darwin", {}, "$HOME"],
    ["win32", { HOME: "/h" }, "$USERPROFILE"]
  ] as const) {
    it.effect(`no home on ${platform} with ${Object.keys(env).join(", ") || "nothing"}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Locations.user({ env, platform }))
        assert.strictEqual(error._tag, "ConfigError")
        assert.strictEqual(error.path, variable)
        assert.match(error.message, /is not set to an absolute path/)
      })
    )
  }
})

describe("the workspace of a directory", () => {
  const root = (start: string) => Effect.map(Locations.find(start), ({ root }) => root)

  it.effect("is the nearest directory with .parley or .git, otherwise the directory itself", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const make = (name: string) => fs.mkdirSync(`${directory}/${name}`, { recursive: true })
      for (const name of ["git/.git", "git/a/b", "both/.parley", "both/in/.git", "both/in/x", "none/x"]) make(name)
      put(directory, "worktree/.git", "gitdir: elsewhere")
      make("worktree/x")
      put(directory, "git/a/.parley", "a file of this name is no project")
      assert.strictEqual(yield* root(`${directory}/git/a/b`), `${directory}/git`)
      assert.strictEqual(yield* root(`${directory}/git`), `${directory}/git`)
      assert.strictEqual(yield* root(`${directory}/both/in/x`), `${directory}/both/in`)
      assert.strictEqual(yield* root(`${directory}/worktree/x`), `${directory}/worktree`)
      assert.strictEqual(yield* root(`${directory}/none/x/../x/`), `${directory}/none/x`)
      assert.deepStrictEqual(yield* Locations.find(`${directory}/both`), {
        root: `${directory}/both`,
        directory: `${directory}/both/.parley`,
        promptFile: `${directory}/both/.parley/prompt.json`,
        contextFile: `${directory}/both/.parley/context.json`,
        dynamicFile: `${directory}/both/.parley/dynamic.json`
      })
    })
  )

  it.effect("is a real path", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      fs.mkdirSync(`${directory}/ws/.parley`, { recursive: true })
      fs.mkdirSync(`${directory}/ws/sub`)
      fs.symlinkSync("ws/sub", `${directory}/link`)
      assert.strictEqual(yield* root(`${directory}/link`), `${directory}/ws`)
    })
  )

  it.effect("must exist and be a directory that the user may enter", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "f", "")
      fs.mkdirSync(`${directory}/closed/x`, { recursive: true })
      fs.chmodSync(`${directory}/closed`, 0o000)
      const problem = (start: string) => Effect.map(Effect.flip(Locations.find(start)), ({ message }) => message)
      assert.strictEqual(yield* problem(file), `${file}: is not a directory`)
      assert.strictEqual(yield* problem(`${directory}/no`), `${directory}/no: does not exist`)
      assert.strictEqual(
        yield* unprivileged(directory, problem(`${directory}/closed/x`)),
        `${directory}/closed/x: permission denied`
      )
    })
  )
})

it.effect("the environment describes this machine and this workspace", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    fs.mkdirSync(`${directory}/ws`)
    fs.symlinkSync("ws", `${directory}/link`)
    const read = (root: string) => Environment.pipe(Effect.provide(EnvironmentInfo.layer({ root })))
    const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone
    const system = { platform: os.platform(), arch: os.arch(), version: os.release() }
    const { state = Effect.succeed("none"), ...environment } = yield* read(`${directory}/link`)
    assert.deepStrictEqual(environment, { workspace: { name: "ws", root: `${directory}/ws` }, system, timeZone })
    assert.isUndefined(yield* state, "there is no repository")
    assert.deepStrictEqual((yield* read("/")).workspace, { name: "/", root: "/" })
    assert.deepStrictEqual((yield* read(`${directory}/gone`)).workspace, { name: "gone", root: `${directory}/gone` })
  })
)
