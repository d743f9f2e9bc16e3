import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { dirname, join } from "node:path"
import process from "node:process"
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { listening } from "../../../packages/harness/src/provider/listening.ts"
import { type World, world } from "../../../packages/harness/src/user/world.ts"

export const json = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))

const decodeConfig = Schema.decodeEffect(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

/** The name of every server that a project declares here. No request may contain it. */
export const name = "canaryserver"

export interface Canary {
  readonly url: string
  readonly file: string
  /** A server that touches the file and ends. */
  readonly command: { readonly command: string; readonly args: ReadonlyArray<string> }
  /** The headers of the requests that it received. */
  readonly requests: () => ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly touched: () => boolean
  /** Resets it to its untouched state. */
  readonly reset: () => void
}

/** A file that only a started server touches, and a server socket that only a client contacts. */
const canary = (root: string) =>
  Effect.suspend(() => {
    const seen: Array<Readonly<Record<string, unknown>>> = []
    const file = join(root, "canary")
    const server = createServer((request, response) => {
      seen.push(request.headers)
      response.writeHead(404).end()
    })
    return Effect.map(listening(server), (port): Canary => ({
      url: `http://127.0.0.1:${port}/mcp`,
      file,
      command: { command: process.execPath, args: ["-e", `fs.appendFileSync(${json(file)}, "x")`] },
      requests: () => seen,
      touched: () => existsSync(file),
      reset: () => {
        seen.length = 0
        rmSync(file, { force: true })
      }
    }))
  })

export interface Here extends World {
  readonly canary: Canary
  /** A file of the project. */
  readonly put: (path: string, content: unknown) => void
  /** The user's own configuration, beside the model. */
  readonly configure: (config: object) => void
  readonly declare: (servers: unknown) => void
}

const write = (path: string, content: unknown): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === "string" ? content : json(content), { mode: 0o600 })
}

export const here = Effect.gen(function* () {
  const made = yield* world()
  const put: Here["put"] = (path, content) => write(join(made.workspace, path), content)
  const config = join(made.home, ".config/parley/config.json")
  const before = yield* Effect.orDie(decodeConfig(readFileSync(config, "utf8")))
  const all: Here = {
    ...made,
    canary: yield* canary(made.root),
    put,
    configure: (more) => write(config, { ...before, ...more }),
    declare: (servers) => put(".parley/mcp.json", { mcpServers: servers })
  }
  return all
})

/** A stdio server, which would be started, and an HTTP server, which would be contacted. */
export const servers = ({ canary }: Here) => ({
  [name]: canary.command,
  [`${name}2`]: { url: canary.url, headers: { "x-canary": "1" } }
})

/** Asserts that no server of the project was started or contacted, and that no request contains its name. */
export const untouched = (at: Here, when = ""): void => {
  assert.isFalse(at.canary.touched(), `${when}: a program was started`)
  assert.lengthOf(at.canary.requests(), 0, `${when}: an address was asked`)
  for (const body of at.model.bodies) assert.notInclude(body, name, `${when}: a request has its name`)
}

const List = Schema.Struct({
  servers: Schema.Array(Schema.Struct({ name: Schema.String, standing: Schema.String, hash: Schema.String }))
})
const decodeList = Schema.decodeEffect(Schema.fromJsonString(List))

export const listed = (at: Here) =>
  Effect.flatMap(at.run(["mcp", "trust", "--format", "json"]), ({ stderr, stdout }) => {
    assert.notInclude(stderr, "internal error")
    return Effect.map(decodeList(stdout), ({ servers }) => servers)
  })

/** Trusts a server as a script would: with the hash that it was shown. */
export const trust = Effect.fnUntraced(function* (at: Here, which: string) {
  const found = (yield* listed(at)).find((server) => server.name === which)
  const said = yield* at.run(["mcp", "trust", which, "--yes", "--hash", found?.hash ?? ""])
  assert.strictEqual(said.status, 0, said.stderr)
})
