import { assert } from "@effect/vitest"
import type { McpManager } from "@parley/domain/McpManager"
import * as McpServers from "@parley/mcp/McpServers"
import * as Files from "@parley/workspace/Files"
import * as Prompt from "@parley/workspace/Prompt"
import { Effect, type Layer, type Scope } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import { all, answer, start, stop, toolUse } from "../../packages/harness/src/provider/wire.ts"
import { encode, type Place } from "../files/place.ts"
import { engine } from "../../packages/harness/src/sessions/home.ts"
import { breaksRules } from "../support/post.ts"
import type { Escape } from "./outside.ts"

/** A way of reading files. It returns everything that was sent to the model and shown to the user for an escape's paths. */
export interface Way {
  readonly name: string
  readonly ask: (here: Place, escape: Escape) => Effect.Effect<string, unknown, Scope.Scope>
}

export const toolsOf = (here: Place): Layer.Layer<McpManager> =>
  McpServers.layer({
    servers: {},
    workspaceRoot: here.workspace,
    clientInfo: { name: "parley-faults", version: "1" }
  })

const calls = (inputs: ReadonlyArray<readonly [tool: string, input: object]>): string =>
  all(
    start(),
    ...inputs.flatMap(([tool, input], i) => toolUse(i, `workspace__${tool}`, encode(input))),
    ...stop("tool_use")
  )

/** A session with everything that reads the workspace, and a model that calls these tools in its first response. */
export const session = Effect.fnUntraced(function* (here: Place, tools: Parameters<typeof calls>[0] = []) {
  const replies = [...(tools.length === 0 ? [] : [{ body: [calls(tools)] }]), { body: [answer("Seen.")] }]
  const server = yield* serve(...replies)
  const { coordinator, sessions } = yield* engine(here, {
    url: server.url,
    files: Files.layer({ root: here.workspace }),
    prompt: Prompt.layer({ root: here.workspace }),
    tools: toolsOf(here)
  })
  const { id } = yield* sessions.create({ workspace: here.workspace })
  const preview = (request: string) =>
    Effect.match(coordinator.buildContext(id, request), {
      onFailure: ({ message }) => message,
      onSuccess: (context) => encode(context)
    })
  const send = Effect.fnUntraced(function* (request: string) {
    const before = server.received.length
    const round = yield* coordinator.handleMessage({ sessionId: id, request })
    const bodies = server.received.map(({ body }) => body)
    assert.strictEqual(round.status, "completed")
    assert.deepStrictEqual(breaksRules(bodies), [])
    return bodies.slice(before).join("\n")
  })
  return { id, preview, send }
})

const told = (here: Place, request: string, tools: Parameters<typeof calls>[0] = []) =>
  Effect.gen(function* () {
    const { preview, send } = yield* session(here, tools)
    return `${yield* preview(request)}\n${yield* send(request)}`
  }).pipe(Effect.scoped)

export const ways: ReadonlyArray<Way> = [
  {
    name: "include",
    ask: (here, { files, patterns }) => {
      here.include(["docs/a.md", ...files, ...patterns], { instructions: false })
      return told(here, "What do you see?")
    }
  },
  {
    name: "instructions",
    ask: (here, { directories, files, through = [] }) => {
      const instructions = directories.flatMap((directory) => [`${directory}/AGENTS.md`, `${directory}/CLAUDE.md`])
      here.include(["docs/CLAUDE.md", ...files, ...through, ...instructions])
      return told(here, "What do you see?")
    }
  },
  {
    name: "mention",
    ask: (here, { directories, files }) => {
      here.include([])
      const mentions = [...files, ...directories, ...directories.map((directory) => `${directory}/`)]
      const request = ["@docs/a.md", ...mentions.map((path) => `@"${path}"`)].join(" ")
      return Effect.zipWith(
        told(here, request),
        told(here, mentions.map((path) => `@${path} @${path}#L1-2`).join(" ")),
        (one, another) => one + another
      )
    }
  },
  {
    name: "prompt.json",
    ask: (here, { files }) =>
      Effect.gen(function* () {
        here.include([])
        const use = (file: string) => here.put(".parley/prompt.json", encode({ instructions: { file } }))
        const { preview, send } = yield* session(here)
        const said: Array<string> = []
        for (const file of files) {
          use(file)
          said.push(yield* preview("What do you see?"))
          assert.include(said.at(-1), "instructions.file: ")
        }
        use("docs/a.md")
        return `${said.join("\n")}\n${yield* send("What do you see?")}`
      }).pipe(Effect.scoped, Effect.ensuring(Effect.sync(() => here.put(".parley/prompt.json", "{}"))))
  },
  {
    name: "workspace tools",
    ask: (here, { directories, files }) => {
      here.include([])
      return told(here, "What do you see?", [
        ["read_file", { path: "docs/a.md" }],
        ...files.map((path) => ["read_file", { path }] as const),
        ...directories.map((path) => ["list_files", { path, recursive: true }] as const),
        ...[...files, ...directories].map((path) => ["search_files", { path, query: "SECRET" }] as const),
        ["search_files", { query: "SECRET" }]
      ])
    }
  }
]
