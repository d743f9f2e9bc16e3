import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process, { env as inherited } from "node:process"
import { Effect, Schema, type Scope } from "effect"
import { endless, type Home } from "../sessions/home.ts"
import { theCommand } from "../command/command.ts"
import { type Model, model } from "./model.ts"
import { type Ended, type Running, start } from "./running.ts"
import type { WaitTimeout } from "./until.ts"

export interface Options {
  readonly env?: Record<string, string | undefined>
  /** Written to its standard input, which is then closed. Default: empty input. */
  readonly input?: string | Buffer
  /** Leaves its standard input open. */
  readonly talk?: boolean
  readonly uid?: number
}

/** A separate home, workspace, model and optional MCP server, and functions that run the built command there. */
export interface World extends Home {
  readonly home: string
  readonly workspace: string
  readonly model: Model
  readonly env: Record<string, string | undefined>
  /** The events that the MCP server has recorded. */
  readonly noted: () => ReadonlyArray<typeof Note.Type>
  readonly command: ReadonlyArray<string>
  readonly spawn: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Running, never, Scope.Scope>
  /** Runs `parley` through a shell; `"$@"` is the command with its arguments. */
  readonly shell: (
    line: string,
    args: ReadonlyArray<string>,
    options?: Options
  ) => Effect.Effect<Running, never, Scope.Scope>
  /** The same on a new terminal. Typed text is sent as keys would send it. */
  readonly terminal: (
    args: ReadonlyArray<string>,
    options?: Options & {
      /** Wraps the command in a shell command line. */
      readonly wrap?: (command: string) => string
    }
  ) => Effect.Effect<Running, never, Scope.Scope>
  readonly run: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Ended, WaitTimeout>
}

const Note = Schema.Struct({
  pid: Schema.optionalKey(Schema.Int),
  called: Schema.optionalKey(Schema.String),
  signal: Schema.optionalKey(Schema.String)
})
const decodeNote = Schema.decodeUnknownSync(Schema.fromJsonString(Note))
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const server = join(import.meta.dirname, "server.mjs")

export interface Servers {
  /** How the MCP server behaves. Without it, there is no server. */
  readonly server?: ReadonlyArray<"deaf" | "mute">
  /** The rest of the configuration. */
  readonly config?: object
}

/**
 * For `terminal`: stores the process id of the command for `pidOf`, and finally prints the state in which the command leaves
 * the terminal; `sane` means that it was restored.
 */
export const watched = (command: string): string =>
  `sh -c 'echo $$ > "$HOME/pid"; exec "$@"' sh ${command}; code=$?; stty -a; exit $code`
export const sane = /\nisig icanon iexten echo [^]*$/
export const pidOf = (here: World): number => Number(readFileSync(join(here.home, "pid"), "utf8"))

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`

export const world = (servers: Servers = {}): Effect.Effect<World, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { cache, parley } = theCommand()
    const root = yield* Effect.acquireRelease(
      Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-user-")))),
      (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
    )
    const fake = yield* model
    const home = join(root, "home")
    const workspace = join(root, "ws")
    const notes = join(root, "notes")
    mkdirSync(join(home, ".config/parley"), { recursive: true })
    mkdirSync(workspace)
    const mcpServers =
      servers.server === undefined
        ? {}
        : { slow: { command: process.execPath, args: [server, notes, ...servers.server] } }
    writeFileSync(
      join(home, ".config/parley/config.json"),
      encode({
        model: "anthropic/fake",
        models: { "anthropic/fake": { contextWindow: endless } },
        mcpServers,
        // Most faults do not concern permissions.
        permissions: { "*": "allow" },
        ...servers.config
      }),
      { mode: 0o600 }
    )
    const env = {
      PATH: inherited["PATH"],
      HOME: home,
      XDG_CACHE_HOME: cache,
      TERM: "xterm",
      ANTHROPIC_API_KEY: "test-key",
      ANTHROPIC_BASE_URL: fake.url
    }
    const command = [process.execPath, parley]
    const go = (file: string, args: ReadonlyArray<string>, options: Options = {}) =>
      Effect.tap(
        start(file, args, {
          cwd: workspace,
          env: { ...env, ...options.env },
          ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid })
        }),
        ({ child }) => Effect.sync(() => options.talk === true || child.stdin?.end(options.input ?? ""))
      )
    const spawn: World["spawn"] = (args, options) => go(process.execPath, [parley, ...args], options)
    const made: World = {
      root,
      home,
      workspace,
      data: join(home, ".local/share/parley"),
      scratch: join(root, "scratch"),
      model: fake,
      env,
      noted: () =>
        existsSync(notes)
          ? readFileSync(notes, "utf8")
              .split("\n")
              .filter(Boolean)
              .map((line) => decodeNote(line))
          : [],
      command,
      spawn,
      shell: (line, args, options) => go("sh", ["-c", line, "sh", ...command, ...args], options),
      terminal: (args, { wrap = (command: string) => `exec ${command}`, ...options } = {}) =>
        go("script", ["-qec", wrap([...command, ...args].map(quote).join(" ")), "/dev/null"], {
          talk: true,
          ...options
        }),
      run: (args, options) => Effect.scoped(Effect.flatMap(spawn(args, options), ({ ended }) => ended))
    }
    return made
  })
