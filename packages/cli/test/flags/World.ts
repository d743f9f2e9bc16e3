import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { env as inherited } from "node:process"
import * as Effect from "effect/Effect"
import { encode } from "../support/Caller.ts"
import { runShared } from "../support/Commands.ts"

/** What the experiments of a world can name. */
export interface Facts {
  readonly root: string
  /** The directory that commands run in, with a configured server and files; and another project. */
  readonly alpha: string
  readonly beta: string
  readonly home: string
  /** A session of `alpha` with two rounds, and one of `beta`. */
  readonly session: string
  /** A session whose round waits for an approval. */
  readonly parked: string
  readonly other: string
  /** The hash of the server that `alpha` declares. */
  readonly hash: string
}

/** How one command is run. */
export interface Run {
  readonly args: ReadonlyArray<string>
  readonly input?: string
  readonly env?: Record<string, string>
  /** Run in a directory that is gone, as after a branch was changed. */
  readonly gone?: boolean
}

export interface Seen {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface World extends Facts {
  /** As it was when the world was made: home, projects, sessions. */
  readonly restore: () => void
  /** With `patience`, a command that goes on for so many milliseconds is interrupted. */
  readonly run: (run: Run, patience?: number) => Effect.Effect<Seen>
  /** The user's configuration. */
  readonly configuration: () => string
}

const fixtures = resolve(import.meta.dirname, "../../../mcp/test/fixtures")
export const fixture = (name: string): ReadonlyArray<string> => [process.execPath, join(fixtures, name)]

/** The configuration of a server that a fixture is. */
export const server = (name: string): { readonly command: string; readonly args: ReadonlyArray<string> } => {
  const [command = "", ...args] = fixture(name)
  return { command, args }
}

const put = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o600 })
}

const start = ({ alpha, home }: Pick<Facts, "alpha" | "home">, run: Run, patience?: number): Effect.Effect<Seen> => {
  const { args, env, gone = false, input } = run
  return runShared({
    args,
    directory: gone ? join(home, "gone") : alpha,
    gone,
    env: { PATH: inherited["PATH"] ?? "", HOME: home, ...env },
    ...(input === undefined ? {} : { input }),
    ...(patience === undefined ? {} : { patience })
  })
}

const idIn = (json: string, path: string): string => {
  const found = new RegExp(`"id":"([^"]+)"[^}]*"workspace":"${path}"`).exec(json)?.[1]
  if (found === undefined) throw new Error(`no session of ${path} in ${json}`)
  return found
}

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-flags-")))),
  (top) => Effect.sync(() => rmSync(top, { recursive: true, force: true }))
)

/** A home, two projects and their sessions, made by the command itself; all of it goes with the scope. */
export const world = Effect.fnUntraced(function* (servers: Readonly<Record<string, object>>) {
  const top = yield* temporary
  const root = join(top, "live")
  const kept = join(top, "kept")
  const [alpha, beta, home] = [join(root, "alpha"), join(root, "beta"), join(root, "home")]
  const gamma = join(root, "gamma")
  const configFile = join(home, ".config/parley/config.json")
  const config = { permissions: { "*": "allow", workspace__search_files: "ask" }, mcpServers: servers }
  put(configFile, encode(config))
  put(join(home, "browser.mjs"), "await (await fetch(process.argv.at(-1))).text()\n")
  put(join(alpha, "a.md"), "the file a\n")
  put(join(alpha, "schema.json"), encode({ type: "object", properties: { a: { type: "string" } } }))
  put(join(alpha, "others.json"), encode({ mcpServers: { theirs: { command: "true" } } }))
  put(join(beta, "b.md"), "the file b\n")
  put(join(gamma, "c.md"), "the file c\n")
  // The argument is long enough to be shortened where it is shown.
  const declared = { ...server("v1-server.mjs"), args: ["x".repeat(5000)] }
  put(join(alpha, ".parley/mcp.json"), encode({ mcpServers: { declared } }))
  const does = (...args: ReadonlyArray<string>) =>
    Effect.flatMap(start({ alpha, home }, { args }), (seen) =>
      seen.code === 0 ? Effect.succeed(seen.stdout) : Effect.die(new Error(`${args.join(" ")}: ${seen.stderr}`))
    )
  yield* does("files", "add", "a.md")
  yield* does("dynamic", "add", "tree", "workspace__list_files", "--refresh", "demand")
  yield* does("run", "hello")
  yield* does("run", "-c", "--record", join(root, "recording.jsonl"), "List the files here")
  yield* does("run", "--workspace", beta, "hello")
  const { code } = yield* start({ alpha, home }, { args: ["run", "--workspace", gamma, "--park", "Search for c"] })
  if (code !== 7) return yield* Effect.die(new Error(`a round that should wait ended with ${code}`))
  const sessions = yield* does("sessions", "list", "--all", "-f", "json")
  const trust = yield* does("mcp", "trust", "--list", "-f", "json")
  cpSync(root, kept, { recursive: true })
  const facts = {
    root,
    alpha,
    beta,
    home,
    session: idIn(sessions, alpha),
    other: idIn(sessions, beta),
    parked: idIn(sessions, gamma),
    hash: /"hash":"([^"]+)"/.exec(trust)?.[1] ?? ""
  }
  return {
    ...facts,
    restore: () => {
      rmSync(root, { recursive: true, force: true })
      cpSync(kept, root, { recursive: true })
    },
    run: (run: Run, patience?: number) => start(facts, run, patience),
    configuration: () => (existsSync(configFile) ? readFileSync(configFile, "utf8") : "")
  } satisfies World
})
