// The engine as an application composes it: coordinator, SQLite on disk with its barriers, the Anthropic provider, tools as
// functions. Deltas are counted when a subscriber receives them, so the measured time includes storing them.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { endsRound } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { ToolError } from "@parley/domain/ToolError"
import { roundId, turnId } from "@parley/domain/Ids"
import { zero } from "@parley/domain/Usage"
import * as Anthropic from "@parley/provider/Anthropic"
import * as Registry from "@parley/provider/Registry"
import { defaults, Limits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { model, system, tool, work } from "./common.mjs"

const tools = Layer.succeed(McpManager, {
  tools: Effect.succeed([
    { name: tool.name, server: "bench", tool: tool.name, description: tool.description, inputSchema: tool.input_schema }
  ]),
  servers: Effect.succeed([]),
  call: (name, { i, ms }) =>
    Effect.tryPromise({
      try: () => work(i, ms).then((text) => ({ isError: false, content: [{ _tag: "Text", text }] })),
      catch: (error) => new ToolError({ tool: name, reason: "Lost", problem: String(error) })
    })
})

/** The events of a stored session: one completed round for each question and answer. */
const events = (history) => {
  const out = []
  for (let i = 0; i + 1 < history.length; i += 2) {
    const round = roundId(i / 2 + 1)
    const turn = turnId(round, 1)
    out.push(
      { _tag: "RoundStarted", roundId: round, request: [{ _tag: "Text", text: history[i].text }] },
      { _tag: "TurnStarted", roundId: round, turnId: turn, model: { provider: "anthropic", model } },
      {
        _tag: "TurnCompleted",
        turnId: turn,
        content: [{ _tag: "Text", text: history[i + 1].text }],
        usage: zero,
        stop: "end"
      },
      { _tag: "RoundCompleted", roundId: round, stop: "end" }
    )
  }
  return out
}

const create =
  (warm) =>
  async ({ baseURL }) => {
    const directory = mkdtempSync(join(tmpdir(), "parley-bench-"))
    const runtime = ManagedRuntime.make(
      SessionCoordinator.layer.pipe(
        Layer.provideMerge([
          SqliteSessions.layer({ filename: join(directory, "bench.db") }),
          Registry.layer({
            providers: [Anthropic.make({ apiKey: Redacted.make("x"), baseUrl: baseURL, defaultModel: model })]
          }),
          tools,
          PromptManager.layerMemory({ instructions: system })
        ]),
        Layer.provideMerge(
          Layer.succeed(Limits, {
            ...defaults,
            turns: 1000,
            toolConcurrency: 64,
            messageBytes: 1e6,
            identicalCalls: 1e6
          })
        )
      )
    )
    const handle = (id, prompt, onDelta) =>
      Effect.gen(function* () {
        const coordinator = yield* SessionCoordinator
        const { head } = yield* SessionManager.use((sessions) => sessions.get(id))
        const watcher = yield* coordinator.events(id, { after: head }).pipe(
          Stream.takeUntil(({ event }) => endsRound(event)),
          Stream.runForEachArray((entries) =>
            Effect.sync(() => {
              for (const { event } of entries)
                if (event._tag === "TurnDelta")
                  for (const chunk of event.chunks) if (chunk._tag === "TextDelta") onDelta(chunk.text)
            })
          ),
          Effect.forkChild({ startImmediately: true })
        )
        yield* coordinator.handleMessage({ sessionId: id, request: prompt })
        yield* Fiber.join(watcher)
      })
    return {
      newSession: (history) => {
        let id
        return {
          prepare: async () => {
            const sessions = await runtime.runPromise(SessionManager)
            const made = await runtime.runPromise(sessions.create({}))
            id = made.id
            if (history.length > 0)
              await runtime.runPromise(sessions.append(id, { after: 0, epoch: 0 }, events(history)))
            if (warm) await runtime.runPromise(handle(id, "TEXT:1", () => {}))
          },
          run: (prompt, onDelta) => runtime.runPromise(handle(id, prompt, onDelta))
        }
      },
      close: async () => {
        await runtime.dispose()
        rmSync(directory, { recursive: true, force: true })
      }
    }
  }

/** Each message is for a session that this process has not opened before. */
export const cold = create(false)
/** The session is open in this process, as in a chat or a server. */
export const warm = create(true)
