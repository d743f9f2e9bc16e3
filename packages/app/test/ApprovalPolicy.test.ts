import { callId, roundId, SessionId, turnId } from "@parley/domain/Ids"
import type { ToolInput } from "@parley/domain/McpManager"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as UserConfig from "@parley/workspace/UserConfig"
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ToolRules from "../src/configuration/ToolRules.ts"
import * as ApprovalPolicy from "../src/engine/ApprovalPolicy.ts"
import type { ApprovalRequest, Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import { type Notice, Notices } from "../src/ports/Notices.ts"
import { type Approval, type ApprovalAnswer, Questions } from "../src/ports/Questions.ts"

const setup = {
  config: {},
  allow: [],
  user: { configFile: "/home/config.json" },
  workspace: { root: "/work" },
  project: { servers: [], problem: undefined }
}
const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-approvals-")))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)
const request = (session: string, tool: string, input: ToolInput = {}) => ({
  sessionId: SessionId.make(session),
  roundId: roundId(1),
  callId: callId(turnId(roundId(1), 1), 1),
  tool: { name: `net__${tool}`, server: "net", tool, description: "", inputSchema: {} },
  input
})

/** Asks as the engine does: a person only if the policy does not decide without one. */
const askOf =
  (policy: ToolPolicy) =>
  (request: ApprovalRequest): Effect.Effect<Decision | "park"> =>
    Effect.flatMap(policy.withoutAsking?.(request) ?? Effect.undefined, (known) =>
      known === undefined ? policy.ask(request) : Effect.succeed(known)
    )

/** A policy with a user who gives one answer, and the recorded questions and notices. */
const policyOf = (answer: ApprovalAnswer, available = true, leavesOpen = false, rules: ToolRules.Rules = setup) =>
  Effect.gen(function* () {
    const asked: Array<Approval> = []
    const told: Array<Notice> = []
    let running = 0
    let most = 0
    const questions: Questions = {
      available,
      leavesOpen,
      approve: (approval) =>
        Effect.gen(function* () {
          asked.push(approval)
          most = Math.max(most, ++running)
          yield* Effect.yieldNow
          running--
          return answer
        }),
      elicit: () => Effect.succeed({ _tag: "Decline" }),
      allowSampling: () => Effect.succeed({ allowed: true })
    }
    const policy = yield* ApprovalPolicy.make(rules).pipe(
      Effect.provideService(Questions, questions),
      Effect.provideService(Notices, { notify: (notice) => Effect.sync(() => void told.push(notice)) })
    )
    return { policy, ask: askOf(policy), asked, told, most: () => most }
  })

describe("a tool call that needs an approval", () => {
  it.effect("is presented with its session, round and call, and a refusal keeps its reason", () =>
    Effect.gen(function* () {
      const { ask, asked } = yield* policyOf({ allowed: false, reason: "the user said no: not now" })
      assert.deepStrictEqual(yield* ask(request("a", "send", { text: "hi" })), {
        allowed: false,
        reason: "the user said no: not now"
      })
      assert.deepStrictEqual(
        asked.map(({ callId, input, roundId, sessionId }) => [`${sessionId} ${roundId} ${callId}`, input]),
        [["a r1 r1t1c1", { text: "hi" }]]
      )
    })
  )

  it.effect("is remembered only for its tool and its session", () =>
    Effect.gen(function* () {
      const { ask, asked } = yield* policyOf({ allowed: true, scope: "session" })
      for (const [session, tool] of [
        ["a", "send"],
        ["a", "send"],
        ["a", "other"],
        ["b", "send"]
      ] as const)
        assert.deepStrictEqual(yield* ask(request(session, tool)), { allowed: true, scope: "session" })
      assert.deepStrictEqual(
        asked.map(({ sessionId, tool }) => `${sessionId} ${tool.tool}`),
        ["a send", "a other", "b send"]
      )
    })
  )

  it.effect("is known from an earlier process of the session, except for files that may hold secrets", () =>
    Effect.gen(function* () {
      const { ask, asked } = yield* policyOf({ allowed: true, scope: "once" })
      const earlier = { ...request("a", "send"), isAllowedInSession: true }
      assert.deepStrictEqual(yield* ask(earlier), { allowed: true, scope: "session" })
      assert.isEmpty(asked)
      const tool = { ...earlier.tool, name: "workspace__read_file", server: "workspace" }
      yield* ask({ ...earlier, tool, input: { path: ".env" } })
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("is remembered for the project in the user's configuration, and applies to all sessions there", () =>
    Effect.gen(function* () {
      const configFile = join(yield* temporary, "config.json")
      writeFileSync(configFile, '{\n  // mine\n  "permissions": { "*": "ask" }\n}\n', { mode: 0o600 })
      const rules = { ...setup, user: { configFile } }
      const { ask, asked, told } = yield* policyOf({ allowed: true, scope: "project" }, true, false, rules)
      for (const session of ["a", "a", "b"])
        assert.deepStrictEqual(yield* ask(request(session, "send")), { allowed: true, scope: "project" })
      assert.lengthOf(asked, 1)
      assert.deepStrictEqual(told, [{ _tag: "ToolAllowed", tool: "net__send", configFile }])
      const { config } = yield* UserConfig.load(configFile)
      assert.deepStrictEqual(config.workspaces, { "/work": { permissions: { net__send: "allow" } } })
      assert.include(readFileSync(configFile, "utf8"), "// mine")
      const rule = (root: string) => ToolRules.rule({ ...rules, config, workspace: { root } })
      const { input, tool } = request("a", "send")
      assert.strictEqual(rule("/work")(tool, { tainted: true }, input), "allow")
      assert.strictEqual(rule("/work/other")(tool, { tainted: true }, input), "ask")
    })
  )

  it.effect("is remembered in this process if the configuration cannot be changed, and a notice reports that", () =>
    Effect.gen(function* () {
      const configFile = join(yield* temporary, "config.json")
      writeFileSync(configFile, "{ broken", { mode: 0o600 })
      const rules = { ...setup, user: { configFile } }
      const { ask, asked, told } = yield* policyOf({ allowed: true, scope: "project" }, true, false, rules)
      for (const session of ["a", "b"]) yield* ask(request(session, "send"))
      assert.lengthOf(asked, 1)
      assert.strictEqual(readFileSync(configFile, "utf8"), "{ broken")
      assert.deepStrictEqual(
        told.map((notice) => notice._tag === "ToolAllowed" && (notice.problem ?? "").includes("config.json")),
        [true]
      )
    })
  )

  it.effect("is remembered for the session at most if the project declares the tool's server", () =>
    Effect.gen(function* () {
      const configFile = join(yield* temporary, "config.json")
      const server = { name: "net", hash: "h", config: { command: "x" }, standing: "trusted" as const, allow: [] }
      const project = { servers: [server], problem: undefined }
      const rules = { ...setup, user: { configFile }, project }
      const { ask, asked, told } = yield* policyOf({ allowed: true, scope: "project" }, true, false, rules)
      for (const session of ["a", "a", "b"]) yield* ask(request(session, "send"))
      assert.deepStrictEqual(
        asked.map(({ sessionId }) => String(sessionId)),
        ["a", "b"]
      )
      assert.isEmpty(told)
      assert.isFalse(existsSync(configFile))
    })
  )

  it.effect("requires approval each time when the approval is not remembered", () =>
    Effect.gen(function* () {
      const { ask, asked } = yield* policyOf({ allowed: true, scope: "once" })
      yield* ask(request("a", "send"))
      yield* ask(request("a", "send"))
      assert.lengthOf(asked, 2)
    })
  )

  it.effect("is the only open question of its session, so that one answer can apply to the waiting calls", () =>
    Effect.gen(function* () {
      const calls = (session: string) => [request(session, "send"), request(session, "send")]
      const one = yield* policyOf({ allowed: true, scope: "session" })
      yield* Effect.forEach(calls("a"), one.ask, { concurrency: "unbounded" })
      assert.deepStrictEqual([one.asked.length, one.most()], [1, 1])
      const two = yield* policyOf({ allowed: true, scope: "once" })
      yield* Effect.forEach([...calls("a"), ...calls("b")], two.ask, { concurrency: "unbounded" })
      assert.deepStrictEqual([two.asked.length, two.most()], [4, 2], "sessions do not wait for each other")
    })
  )

  it.effect("is not run when no user is available, and a notice reports that", () =>
    Effect.gen(function* () {
      const { ask, asked, told } = yield* policyOf({ allowed: true, scope: "session" }, false)
      const decision = yield* ask(request("a", "send"))
      assert.deepStrictEqual(decision, {
        allowed: false,
        reason: "it needs the user's permission, and nobody is there to give it"
      })
      assert.isEmpty(asked)
      assert.deepStrictEqual(
        told.map((notice) => (notice._tag === "ApprovalUnavailable" ? [notice.tool.name, notice.configFile] : [])),
        [["net__send", "/home/config.json"]]
      )
    })
  )

  it.effect("is left open for another process if the host wants that, also when a user is available", () =>
    Effect.gen(function* () {
      const { ask, asked, policy, told } = yield* policyOf({ allowed: true, scope: "session" }, true, true)
      assert.strictEqual(yield* ask(request("a", "send")), "park")
      assert.deepStrictEqual([asked, told], [[], []])
      yield* policy.remember?.(request("a", "send"), "session") ?? Effect.void
      assert.deepStrictEqual(yield* ask(request("a", "send")), { allowed: true, scope: "session" })
      yield* policy.remember?.(request("a", "other"), "once") ?? Effect.void
      assert.strictEqual(yield* ask(request("a", "other")), "park")
    })
  )

  it.effect("that reads a file that may hold secrets requires approval every time", () =>
    Effect.gen(function* () {
      const { ask, asked } = yield* policyOf({ allowed: true, scope: "session" })
      const reading = (path: string) => {
        const one = request("a", "read_file", { path })
        return { ...one, tool: { ...one.tool, name: "workspace__read_file", server: "workspace" } }
      }
      yield* ask(reading(".env"))
      yield* ask(reading(".env"))
      yield* ask(reading("notes.md"))
      yield* ask(reading("notes.md"))
      assert.deepStrictEqual(
        asked.map(({ secret }) => secret?.path),
        [".env", ".env", undefined]
      )
    })
  )

  it.effect("is not run when a host does not provide Questions", () =>
    Effect.gen(function* () {
      const { available, approve, elicit } = yield* Questions
      assert.isFalse(available)
      assert.isFalse((yield* approve({ ...request("a", "send"), secret: undefined })).allowed)
      const form = { _tag: "Form" as const, server: "s", calls: [], message: "?", fields: [] }
      assert.deepStrictEqual(yield* elicit(form), { _tag: "Decline" })
      const decision = yield* askOf(yield* ApprovalPolicy.make(setup))(request("a", "send"))
      assert.isTrue(decision !== "park" && !decision.allowed)
    })
  )
})
