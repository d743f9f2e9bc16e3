import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import * as Environment from "@parley/domain/Environment"
import { FilesManager, type Attachment, layerMemory as files } from "@parley/domain/FilesManager"
import { TurnId } from "@parley/domain/Ids"
import type { Provenance } from "@parley/domain/Provenance"
import type { SystemPrompt } from "@parley/domain/SystemPrompt"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { UserMessage } from "../src/limits/Request.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { slot } from "./support/slots.ts"
import { send, session, sessionId, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const asks = (name: string) => turn(call(0, name), [finish("tool-calls")])
const image = { _tag: "Image", mediaType: "image/png", data: "aGk=" } as const

/** Something that a request may hold, and who wrote it. */
interface Source {
  readonly name: string
  /** As the manifest calls it. */
  readonly source: string
  readonly provenance: Provenance
  readonly said?: UserMessage
  /** Calls of earlier turns of the round. */
  readonly before?: ReadonlyArray<string>
  readonly optional?: Layer.Layer<never>
  readonly prompt?: Partial<SystemPrompt>
  readonly pin?: "user" | "outside"
}

const attaching = (attachment: Attachment) =>
  Layer.succeed(FilesManager, {
    read: Effect.succeed({ files: [], skipped: [] }),
    attach: () => Effect.succeed([attachment])
  })
const slots = (id: string) => DynamicContextManager.layerMemory([slot(id)])
const workspace = { name: "ws", root: "/ws" }

const sources: ReadonlyArray<Source> = [
  { name: "what the user types", source: "request", provenance: "user" },
  {
    name: "what is piped in",
    source: "request",
    provenance: "outside",
    said: ["read this:\n\n", { outside: "words" }]
  },
  {
    name: "what is pasted",
    source: "request",
    provenance: "outside",
    said: ["a ", { outside: "paste" }, " in between"]
  },
  {
    name: "a prompt that a server writes",
    source: "request",
    provenance: "outside",
    said: [{ outside: { _tag: "Text", text: "words" } }, "and the user's"]
  },
  { name: "an image of the user's", source: "request", provenance: "user", said: ["see", image] },
  { name: "an image of others", source: "request", provenance: "outside", said: ["see", { outside: image }] },
  {
    name: "the user's own instructions",
    source: "file:/home/me/AGENTS.md",
    provenance: "user",
    optional: files([{ path: "/home/me/AGENTS.md", text: "words", kind: "instructions", provenance: "user" }])
  },
  {
    name: "instructions of the project",
    source: "file:AGENTS.md",
    provenance: "outside",
    optional: files([{ path: "AGENTS.md", text: "words", kind: "instructions" }])
  },
  {
    name: "a file that is included",
    source: "file:a.md",
    provenance: "outside",
    optional: files([{ path: "a.md", text: "words" }])
  },
  ...(["instructions", "capabilities", "rules"] as const).flatMap((part) => {
    const prompt = { [part]: part === "instructions" ? "words" : ["words"] }
    const outside: Source = {
      name: `${part} of a project`,
      source: part,
      provenance: "outside",
      prompt: { ...prompt, provenance: { [part]: "outside" } }
    }
    return [
      { name: `${part} of the user or the application`, source: part, provenance: "user", prompt } as const,
      outside
    ]
  }),
  {
    name: "where the engine runs",
    source: "environment",
    provenance: "parley",
    prompt: { includeWorkspaceMetadata: true },
    optional: Environment.layerMemory({ workspace, timeZone: "UTC" })
  },
  { name: "the date", source: "date", provenance: "parley", prompt: { includeDateTime: true } },
  { name: "the definition of a tool", source: "tool:send", provenance: "reviewed" },
  {
    name: "a file that is mentioned",
    source: "mention:a.md",
    provenance: "outside",
    said: "see @a.md",
    optional: attaching({ _tag: "File", file: { path: "a.md", text: "words" } })
  },
  {
    name: "an image that is mentioned",
    source: "mention:a.png",
    provenance: "outside",
    said: "see @a.png",
    optional: attaching({ _tag: "Media", path: "a.png", block: image })
  },
  {
    name: "a resource of a server",
    source: "mention:docs:doc",
    provenance: "outside",
    said: "see @docs:doc",
    optional: attaching({
      _tag: "Resource",
      server: "docs",
      uri: "doc",
      contents: [{ _tag: "Text", uri: "doc", text: "words" }]
    })
  },
  { name: "dynamic context", source: "dynamic:fetch", provenance: "outside", optional: slots("fetch") },
  { name: "dynamic context that failed", source: "dynamic:fails", provenance: "outside", optional: slots("fails") },
  { name: "a pin of the user's", source: "pinned", provenance: "user", pin: "user" },
  { name: "a pin that was pasted", source: "pinned", provenance: "outside", pin: "outside" },
  { name: "a result", source: "result:fetch:r1t1c1", provenance: "outside", before: ["fetch"] },
  { name: "the error of a tool", source: "result:fails:r1t1c1", provenance: "outside", before: ["fails"] },
  { name: "the result of a lost call", source: "result:lost:r1t1c1", provenance: "outside", before: ["lost"] },
  {
    name: "that a call is not allowed",
    source: "result:forbidden:r1t1c1",
    provenance: "parley",
    before: ["forbidden"]
  },
  { name: "that there is no such tool", source: "result:missing:r1t1c1", provenance: "parley", before: ["missing"] },
  { name: "an answer to the user", source: "answer:r1t1", provenance: "model", before: ["forbidden"] },
  {
    name: "an answer to something from outside",
    source: "answer:r1t2",
    provenance: "outside",
    before: ["fetch", "forbidden"]
  }
]

/** Asks before `send` when the request is tainted, and nobody is there to be asked. */
const policy = Layer.succeed(ToolPolicy, {
  rule: ({ name }, { tainted }) => (name === "forbidden" ? "deny" : name === "send" && tainted ? "ask" : "allow"),
  ask: () => Effect.succeed({ allowed: false, reason: "nobody is there" })
})

const tools = {
  fetch: ScriptedTools.says("words"),
  fails: ScriptedTools.fails("words"),
  lost: ScriptedTools.lost,
  forbidden: ScriptedTools.echo,
  send: ScriptedTools.echo
}

describe("the provenance of a request's content decides whether ask-if-tainted asks", () => {
  for (const {
    before = [],
    name,
    optional = Layer.empty,
    pin,
    prompt = {},
    provenance,
    said = "go",
    source
  } of sources)
    it.effect(`${name}: ${provenance === "outside" ? "asked" : "not asked"}`, () =>
      Effect.gen(function* () {
        yield* watched
        const parley = yield* SessionCoordinator
        if (pin !== undefined) yield* parley.pin(sessionId, { kind: "goal", text: "words", provenance: pin })
        yield* send(said)
        const { manifest } = yield* parley.sentContext(sessionId, TurnId.make(`r1t${before.length + 1}`))
        const found = manifest.filter((segment) => segment.source === source && segment.bytes > 0)
        assert.isNotEmpty(found, `${source} is in the request`)
        assert.include(
          found.map((segment) => segment.provenance),
          provenance
        )
        const outcome = (yield* session).turns.at(before.length)?.toolCalls[0]?.outcome
        assert.strictEqual(outcome?._tag, provenance === "outside" ? "Denied" : "Succeeded")
      }).pipe(
        Effect.provide(
          world([...before.map(asks), asks("send"), answer], tools, Layer.merge(policy, optional), undefined, prompt)
        )
      )
    )
})
