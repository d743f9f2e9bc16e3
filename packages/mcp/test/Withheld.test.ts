import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { matcher } from "@parley/domain/SecretFiles"
import type { Withheld } from "@parley/domain/ReadFence"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { context, directory, textOf, withManager } from "./support.ts"

const files = {
  "home/.config/parley/config.json": "KEY OF PARLEY",
  "home/.config/parley/AGENTS.md": "instructions",
  "home/.local/share/parley/parley.db": "KEY OF PARLEY",
  "home/.local/share/parley/parley.db-wal": "KEY OF PARLEY",
  "home/.local/share/parley/parley.db.version-1.bak": "KEY OF PARLEY",
  "home/.local/share/parley/mcp-auth/a.json": "KEY OF PARLEY",
  "home/.local/share/parley/results/result-00000000000000000000000000000000.txt": "KEY OF PARLEY",
  "home/.local/state/parley/mcp-logs/a.log": "KEY OF PARLEY",
  "home/ws/a.txt": "KEY OF NOBODY",
  "home/ws/.env": "KEY=SECRET",
  "home/ws/conf/prod.env": "KEY=SECRET",
  "home/ws/notes.txt": "-----BEGIN OPENSSH PRIVATE KEY-----\nKEY SECRET",
  "home/ws/.env.example": "KEY OF EXAMPLE"
}
const own = Object.keys(files).filter((path) => path.includes("/parley/"))

interface Answer {
  readonly isError: boolean
  readonly text: string
}

/** Calls the built-in tools in a workspace that contains such files. */
const world = Effect.gen(function* () {
  const base = yield* directory
  for (const [path, text] of Object.entries(files)) {
    fs.mkdirSync(join(base, dirname(path)), { recursive: true })
    fs.writeFileSync(join(base, path), text)
  }
  const home = join(base, "home")
  const results = join(home, ".local/share/parley/results")
  const withheld: Withheld = {
    directories: [".config/parley", ".local/share/parley", ".local/state/parley"].map((path) => join(home, path)),
    except: [join(home, ".config/parley/AGENTS.md")]
  }
  const within = <E>(
    root: string,
    use: (
      call: (tool: string, input: { readonly [key: string]: string | number | boolean }) => Effect.Effect<Answer>
    ) => Effect.Effect<void, E>,
    secretFiles?: ReadonlyArray<string>
  ) =>
    withManager(
      {
        servers: {},
        workspaceRoot: root,
        spillDirectory: results,
        withheld: secretFiles === undefined ? withheld : { ...withheld, secrets: matcher(secretFiles) }
      },
      (manager) =>
        use((tool, input) =>
          manager.call(`workspace__${tool}`, input, context).pipe(
            Effect.map(({ content, isError }) => ({ isError, text: textOf(content) })),
            Effect.orDie
          )
        )
    )
  return { base, home, results, within }
})

const refusesOwn = ({ isError, text }: Answer, path: string) => {
  assert.isTrue(isError, path)
  assert.include(text, "belongs to Parley itself", path)
}

describe.concurrent("Parley's own files", () => {
  it.live("are not read, listed or searched in any workspace", () =>
    Effect.gen(function* () {
      const { base, home, within } = yield* world
      for (const root of [base, home, join(home, ".config")])
        yield* within(root, (call) =>
          Effect.gen(function* () {
            for (const path of own.map((path) => join(base, path)).filter((path) => path.startsWith(`${root}/`))) {
              const asked = path.slice(root.length + 1)
              refusesOwn(yield* call("read_file", { path: asked }), asked)
              refusesOwn(yield* call("read_file", { path: `.//${asked}`, offset: 2 }), asked)
              refusesOwn(yield* call("list_files", { path: dirname(asked), recursive: true }), asked)
              refusesOwn(yield* call("search_files", { path: `${dirname(asked)}/`, query: "KEY" }), asked)
            }
            const { text } = yield* call("list_files", { recursive: true })
            assert.notMatch(text, /parley|mcp|result/)
            const found = yield* call("search_files", { query: "KEY OF" })
            assert.notInclude(found.text, "PARLEY")
            assert.notMatch(found.text, /parley/)
          })
        )
      // In a workspace that is itself among Parley's own files, nothing can be read.
      yield* within(join(home, ".local/share/parley/results"), (call) =>
        Effect.gen(function* () {
          refusesOwn(yield* call("list_files", {}), "results")
        })
      )
    })
  )

  it.live("are not reached by links, hard links or links on the way", () =>
    Effect.gen(function* () {
      const { base, home, within } = yield* world
      const data = join(home, ".local/share/parley")
      fs.symlinkSync("../.config/parley/config.json", join(home, "ws/link"))
      fs.symlinkSync("../.local/share", join(home, "ws/share"))
      fs.symlinkSync(data, join(home, "ws/data"))
      fs.symlinkSync("data", join(home, "ws/twice"))
      fs.linkSync(join(data, "parley.db"), join(home, "ws/hard"))
      fs.linkSync(join(data, "mcp-auth/a.json"), join(base, "hard.json"))
      yield* within(base, (call) =>
        Effect.gen(function* () {
          for (const path of ["link", "share/parley/parley.db", "data/mcp-auth/a.json", "twice/parley.db-wal", "hard"])
            refusesOwn(yield* call("read_file", { path: `home/ws/${path}` }), path)
          refusesOwn(yield* call("read_file", { path: "hard.json" }), "hard.json")
          refusesOwn(yield* call("list_files", { path: "home/ws/twice" }), "twice")
          assert.deepStrictEqual((yield* call("list_files", { path: "home/ws" })).text.split("\n"), [
            "home/ws/.env",
            "home/ws/.env.example",
            "home/ws/a.txt",
            "home/ws/conf/",
            "home/ws/notes.txt",
            "home/ws/share (link)"
          ])
          const { text } = yield* call("search_files", { query: "PARLEY" })
          assert.notMatch(text, /PARLEY|hard/)
        })
      )
    })
  )

  it.live("are not reached when Parley's directory is itself a link", () =>
    Effect.gen(function* () {
      const { home, within } = yield* world
      fs.renameSync(join(home, ".config/parley"), join(home, "dotfiles"))
      fs.symlinkSync("../dotfiles", join(home, ".config/parley"))
      fs.renameSync(join(home, ".local/share/parley/parley.db"), join(home, "elsewhere.db"))
      fs.symlinkSync("../../../elsewhere.db", join(home, ".local/share/parley/parley.db"))
      yield* within(home, (call) =>
        Effect.gen(function* () {
          for (const path of ["dotfiles/config.json", "elsewhere.db"])
            refusesOwn(yield* call("read_file", { path }), path)
          assert.deepStrictEqual((yield* call("list_files", {})).text.split("\n"), [".config/", ".local/", "ws/"])
        })
      )
    })
  )

  it.live("include stored results, which only read_result reads", () =>
    Effect.gen(function* () {
      const { home, within } = yield* world
      yield* within(home, (call) =>
        Effect.gen(function* () {
          const name = "result-00000000000000000000000000000000.txt"
          assert.strictEqual((yield* call("read_result", { name })).text, "KEY OF PARLEY")
        })
      )
    })
  )
})

describe.concurrent("devices and files that the system generates", () => {
  it.live("are not read, listed or searched by any path", () =>
    Effect.gen(function* () {
      const { home, within } = yield* world
      fs.symlinkSync("/proc/self", join(home, "ws/proc"))
      fs.symlinkSync("/dev", join(home, "ws/dev"))
      const here = join(home, "ws").slice(1)
      yield* within("/", (call) =>
        Effect.gen(function* () {
          for (const path of ["proc/self/status", "proc/self/environ", "sys/kernel/mm/transparent_hugepage/enabled"])
            assert.match((yield* call("read_file", { path })).text, /made up by the system|There is no/, path)
          assert.include((yield* call("read_file", { path: `${here}/proc/mounts` })).text, "made up by the system")
          for (const path of ["proc", "dev", `${here}/proc`, `${here}/dev`, "dev/pts"]) {
            assert.include((yield* call("list_files", { path })).text, "made up by the system", path)
            assert.isTrue((yield* call("search_files", { path, query: "a" })).isError, path)
          }
          assert.match((yield* call("read_file", { path: "dev/null" })).text, /not a file or a directory/)
        })
      )
    })
  )

  it.live("do not make a workspace in a directory of devices unreadable", () =>
    Effect.gen(function* () {
      const { within } = yield* world
      const root = fs.mkdtempSync("/dev/shm/parley-")
      yield* Effect.addFinalizer(() => Effect.sync(() => fs.rmSync(root, { recursive: true })))
      fs.writeFileSync(join(root, "a.txt"), "text")
      execFileSync("mkfifo", [join(root, "fifo")])
      yield* within(root, (call) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* call("read_file", { path: "a.txt" })).text, "text")
          assert.match((yield* call("read_file", { path: "fifo" })).text, /not a file or a directory/)
        })
      )
    })
  )
})

describe.concurrent("files that may hold secrets", () => {
  it.live("are read only by a call that uses their own name", () =>
    Effect.gen(function* () {
      const { home, within } = yield* world
      fs.symlinkSync(".env", join(home, "ws/settings"))
      fs.symlinkSync("conf", join(home, "ws/c"))
      fs.symlinkSync("conf/prod.env", join(home, "ws/dev.env"))
      yield* within(join(home, "ws"), (call) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* call("read_file", { path: "./.env" })).text, "KEY=SECRET")
          for (const [path, named] of [
            ["settings", ".env"],
            ["c/prod.env", "conf/prod.env"],
            ["dev.env", "conf/prod.env"]
          ] as const) {
            const { isError, text } = yield* call("read_file", { path })
            assert.isTrue(isError, path)
            assert.include(text, `${path} leads to ${named}, which may hold secrets`)
          }
        })
      )
      // The workspace may be inside such a directory.
      fs.mkdirSync(join(home, ".ssh"))
      fs.writeFileSync(join(home, ".ssh/config"), "KEY SECRET")
      fs.symlinkSync("config", join(home, ".ssh/x.pub"))
      yield* within(join(home, ".ssh"), (call) =>
        Effect.gen(function* () {
          assert.include((yield* call("read_file", { path: "x.pub" })).text, "may hold secrets")
        })
      )
    })
  )

  it.live("are listed but not searched", () =>
    Effect.gen(function* () {
      const { home, within } = yield* world
      yield* within(join(home, "ws"), (call) =>
        Effect.gen(function* () {
          assert.include((yield* call("list_files", {})).text, ".env\n")
          const { text } = yield* call("search_files", { query: "KEY" })
          assert.notInclude(text, "SECRET")
          assert.include(text, "a.txt:1: KEY OF NOBODY")
          assert.include(text, ".env.example:1: KEY OF EXAMPLE")
          assert.include(text, "Not searched, because they may hold secrets: .env, conf/prod.env.")
          // Whether a private key matches is known only from its content, so it is not mentioned.
          assert.notInclude(text, "notes.txt")
          const named = yield* call("search_files", { query: "KEY", path: "notes.txt" })
          assert.deepStrictEqual(named, { isError: false, text: "Nothing found." })
        })
      )
    })
  )

  it.live("include private keys with any name, also for reads from a later line", () =>
    Effect.gen(function* () {
      const { home, within } = yield* world
      const root = join(home, "ws")
      yield* within(root, (call) =>
        Effect.gen(function* () {
          for (const offset of [1, 2]) {
            const { isError, text } = yield* call("read_file", { path: "notes.txt", offset })
            assert.isTrue(isError)
            assert.match(text, /begins as a private key does/)
          }
        })
      )
      yield* within(
        root,
        (call) =>
          Effect.map(call("read_file", { path: "notes.txt", offset: 2 }), ({ text }) =>
            assert.strictEqual(text, "KEY SECRET")
          ),
        ["!notes.txt"]
      )
    })
  )

  it.live("can be configured by the user", () =>
    Effect.gen(function* () {
      const { home, within } = yield* world
      yield* within(
        join(home, "ws"),
        (call) =>
          Effect.gen(function* () {
            const { text } = yield* call("search_files", { query: "KEY" })
            assert.include(text, ".env:1: KEY=SECRET")
            assert.notInclude(text, "NOBODY")
          }),
        ["a.txt", "!.env"]
      )
    })
  )
})
