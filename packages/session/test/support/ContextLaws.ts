import { MessageFold } from "@parley/domain/MessageFold"
import { isRejection } from "@parley/domain/ModelError"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { inEffect } from "@parley/domain/UndoneRounds"
import { Invariants } from "@parley/testing"
import { Effect } from "effect"
import { patched } from "@parley/prompt/FileChange"
import { type ContextProgram, ContextWorld, contents, paths, type Sent } from "./ContextWorld.ts"
import { isSummary } from "./Talk.ts"

/** A request as a row of bytes, in the order in which providers cache: tools, system prompt, messages. */
const flat = ({ messages, system, tools }: ModelRequest): string =>
  [
    JSON.stringify(tools),
    JSON.stringify(system),
    ...messages.map(({ content, role }) => `${role}:${content.map((block) => JSON.stringify(block)).join(",")}`)
  ].join("\n")

/** Turns of the conversation in log order, with how often the history was edited, or begun anew, before each. */
const turnsOf = (log: ReadonlyArray<LogEntry>) => {
  let edits = 0
  let baselines = 0
  let refreshes = 0
  const rejected = new Set(
    log.flatMap(({ event }) => (event._tag === "TurnFailed" && isRejection(event.failure) ? [event.turnId] : []))
  )
  return log.flatMap(({ event }, at) => {
    if (event._tag === "ContextBuilt" && event.baseline !== undefined) baselines++
    if (event._tag === "RefreshRequested") refreshes++
    if (event._tag === "ContextCompacted" || event._tag === "CompactionUndone") edits++
    if (event._tag === "RoundsUndone" || event._tag === "RoundsRedone") edits++
    return event._tag === "TurnStarted" && event.purpose === undefined
      ? [{ at, edits, baselines, refreshes, rejected: rejected.has(event.turnId) }]
      : []
  })
}

/** Whether files have changed in the session, and the request before was nearly as large as the model's limit. */
const isFull = (sent: ReadonlyArray<Sent>, before: Sent, now: Sent, limit: number): boolean =>
  flat(before.request).length / 4 > limit * 0.7 &&
  sent.some((other) => paths.some((path) => other.files.get(path) !== now.files.get(path)))

/**
 * Law 1: without a new baseline or a compaction, the bytes of a request are the beginning of the next. What was rejected
 * is taken back: the next begins with the one before it. A baseline is renewed for another prompt, for other tools, on
 * request, and for changed files when the request is full.
 */
const prefix = (sent: ReadonlyArray<Sent>, turns: ReturnType<typeof turnsOf>, limit: number): ReadonlyArray<string> =>
  sent.flatMap((now, i) => {
    const { prompt, request, tools } = now
    const turn = turns[i]
    const at = turns.findLastIndex(({ rejected }, n) => n < i && !rejected)
    const [before, last] = [sent[at], turns[at]]
    if (before === undefined || turn === undefined || last === undefined || turn.edits !== last.edits) return []
    const changed =
      turn.refreshes !== last.refreshes ||
      isFull(sent.slice(0, i), before, now, limit) ||
      sent.slice(at, i).some((other) => other.prompt !== prompt || other.tools !== tools)
    if (turn.baselines !== last.baselines) return changed ? [] : [`request ${i} has a new baseline and nothing changed`]
    return flat(request).startsWith(flat(before.request)) ? [] : [`request ${i} does not begin with the one before it`]
  })

/** Nothing but its size keeps a request from being sent. */
const expected: ReadonlySet<string> = new Set(["ContextTooLarge", "ContextOverflow", "InvalidMessage"])
const failures = (log: ReadonlyArray<LogEntry>): ReadonlyArray<string> =>
  log.flatMap(({ event }) =>
    event._tag === "RoundFailed" && !expected.has(event.failure.reason ?? event.failure.error)
      ? [`${event.roundId} failed: ${event.failure.message}`]
      : []
  )

/** Law 2: the last that a request says of a file is what the file holds. */
const latest = ({ files, request }: Sent, i: number): ReadonlyArray<string> => {
  const said = flat(request)
  return paths.flatMap((path) => {
    const is = said.slice(said.lastIndexOf(`«${path}:`)).match(/^«[^:]+:(\d+)»/)?.[1]
    const gone =
      said.lastIndexOf(`The file \\"${path}\\" is no longer part of the context`) > said.lastIndexOf(`«${path}:`)
    const version = files.get(path)
    const right = version === undefined ? is === undefined || gone : is === String(version) && !gone
    return right ? [] : [`request ${i} says ${path} is ${gone ? "gone" : is}, and it is ${version}`]
  })
}

const escapedPath = (path: string): string => JSON.stringify(path)

/**
 * Law 2, for whole contents: what the request shows of a file, whole or by diffs, ends with exactly its content. The model
 * can apply a diff only to what is in the request before it.
 */
const complete = ({ files, request }: Sent, i: number): ReadonlyArray<string> => {
  const texts = [
    request.system,
    ...request.messages.flatMap(({ content }) =>
      content.flatMap((block) => (block._tag === "Text" ? [block.text] : []))
    )
  ].join("\n\n")
  return paths.flatMap((path) => {
    const version = files.get(path)
    if (version === undefined) return []
    const shown = texts.matchAll(
      new RegExp(`<(file|file-change)-([0-9a-f]{8}) path=${escapedPath(path)}>\\n([\\s\\S]*?)\\n</\\1-\\2>`, "g")
    )
    let text: string | undefined
    for (const [, tag, , inside = ""] of shown)
      text = tag === "file" ? inside : text === undefined ? undefined : patched(text, inside)
    return text === contents(path, version) ? [] : [`request ${i} does not lead to the content of ${path}`]
  })
}

/** How many diffs a request shows. */
const diffs = ({ request }: Sent): number => flat(request).split("<file-change-").length - 1

/** What a message mentions of a server is read once, and said once in a request. */
const readOnce = ({ request }: Sent, i: number): ReadonlyArray<string> => {
  const versions = [...flat(request).matchAll(/resource in version (\d+)/g)].map(([, version]) => version)
  return new Set(versions).size === versions.length ? [] : [`request ${i} says a resource twice: ${versions.join()}`]
}

/** Files of a baseline stand in the order of their code units, on any machine. */
const ordered = ({ request }: Sent, i: number): ReadonlyArray<string> => {
  const names = [...request.system.matchAll(/«([^:]+):/g)].map((match) => match[1] ?? "")
  const sorted = [...names].sort((a, b) => (a < b ? -1 : 1))
  return names.join() === sorted.join() ? [] : [`request ${i} has its files in the order ${names.join()}`]
}

/** The stored log up to a turn says what was sent for it, to whoever reads it. */
const rebuilt = (log: ReadonlyArray<LogEntry>, at: number, { request }: Sent): ReadonlyArray<string> => {
  const fold = new MessageFold()
  let baseline: Pick<ModelRequest, "system" | "tools"> = { system: "", tools: [] }
  for (const entry of inEffect(log.slice(0, at + 1))) {
    fold.push(entry)
    const { event } = entry
    if ((event._tag === "ContextBuilt" || event._tag === "ContextCompacted") && event.baseline !== undefined)
      baseline = event.baseline
  }
  return flat({ model: request.model, ...baseline, messages: fold.messages() }) === flat(request)
    ? []
    : [`the request of event ${at + 1} does not follow from the log`]
}

/** Runs a program in a world of its own, on an empty store, and says what of the laws and invariants it breaks. */
export const run = Effect.fnUntraced(function* (program: ContextProgram) {
  const world = new ContextWorld(program.window)
  const known = yield* world.run(program)
  const { log } = known
  const found = Invariants.check(known)
  const sent = world.sent.filter(({ request }) => !isSummary(request))
  const turns = turnsOf(log)
  const violations = [
    ...(turns.length === sent.length ? [] : [`${sent.length} requests for ${turns.length} turns`]),
    ...failures(log),
    ...world.violations,
    ...prefix(sent, turns, typeof program.window === "number" ? program.window - 1000 : Number.POSITIVE_INFINITY),
    ...sent.flatMap(latest),
    ...sent.flatMap(complete),
    ...sent.flatMap(ordered),
    ...sent.flatMap(readOnce),
    ...sent.flatMap((one, i) => rebuilt(log, turns[i]?.at ?? 0, one)),
    ...found.violations
  ]
  const count = (tag: LogEntry["event"]["_tag"]) => log.filter(({ event }) => event._tag === tag).length
  const findings = { checked: found.checked, unchecked: found.unchecked }
  return {
    violations,
    findings,
    requests: sent.length,
    rounds: count("RoundStarted"),
    compactions: count("ContextCompacted"),
    undone: count("RoundsUndone"),
    compared: world.compared,
    diffs: sent.reduce((most, one) => Math.max(most, diffs(one)), 0)
  }
})
