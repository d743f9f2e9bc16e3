import type { How, Life, Place } from "./place.ts"
import { scripts } from "./provider.ts"
import * as Check from "./check.ts"
import * as Messages from "./messages.ts"
import { readShown, readStored } from "./stored.ts"

/** A message and the home it is sent from: no home yet, an empty database, or an existing session. */
export interface Round {
  /** A command that changes the latest session is run instead of the message. */
  readonly command?: "undo" | "fork"
  readonly name: string
  readonly script: keyof typeof scripts
  readonly from: "nothing" | "empty" | "talked" | "talked much" | "parked"
  readonly code: number
  readonly cancelAt?: string
  /** Each call needs an approval, and the command leaves these questions open. */
  readonly parks?: true
  /** The process answers the open questions of the session instead of sending a message. */
  readonly answers?: "--allow" | "--deny"
}

export const rounds: ReadonlyArray<Round> = [
  { name: "text, first start", script: "text", from: "nothing", code: 0 },
  { name: "three tools", script: "tools", from: "empty", code: 0 },
  { name: "cancelled", script: "cancel", from: "empty", code: 130, cancelAt: scripts.cancel.at(-1) ?? "" },
  { name: "resumed", script: "tools", from: "talked", code: 0 },
  { name: "retried after a 529", script: "overloaded", from: "empty", code: 0 },
  { name: "provider breaks off, twice", script: "breaks", from: "talked", code: 4 },
  { name: "too large, then summed up", script: "overflows", from: "talked much", code: 0 },
  { name: "long stream", script: "long", from: "empty", code: 0 },
  { name: "answer with a schema, corrected", script: "wrong", from: "talked", code: 0 },
  { name: "undo of a round", script: "text", command: "undo", from: "talked much", code: 0 },
  { name: "fork", script: "text", command: "fork", from: "talked much", code: 0 },
  { name: "three questions asked, and left open", script: "tools", from: "talked", code: 7, parks: true },
  { name: "questions answered in another process", script: "tools", from: "parked", code: 0, answers: "--allow" },
  { name: "questions denied in another process", script: "tools", from: "parked", code: 6, answers: "--deny" },
  { name: "steered by another message", script: "steered", from: "talked", code: 0 }
]

export interface Verdict {
  readonly lost: ReadonlyArray<string>
  readonly twice: ReadonlyArray<string>
  readonly unusable: ReadonlyArray<string>
  readonly broken: ReadonlyArray<string>
  /** Failures of the storage that were not reported. */
  readonly silent: ReadonlyArray<string>
}
export const none: Verdict = { lost: [], twice: [], unusable: [], broken: [], silent: [] }
const union = (a: ReadonlyArray<string>, b: ReadonlyArray<string> = []) => [...new Set([...a, ...b])]
export const add = (a: Verdict, b: Partial<Verdict>): Verdict => ({
  lost: union(a.lost, b.lost),
  twice: union(a.twice, b.twice),
  unusable: union(a.unusable, b.unusable),
  broken: union(a.broken, b.broken),
  silent: union(a.silent, b.silent)
})

/** Creates the home with an empty database from which most rounds start. */
export const prepareEmpty = async (place: Place): Promise<Life> => {
  place.reset()
  const listed = await place.run(["sessions", "list"])
  place.save("empty")
  return listed
}

/** Creates all homes from which rounds start. */
export const prepare = async (place: Place): Promise<void> => {
  const listed = await prepareEmpty(place)
  const talked = await send(place, "tools")
  place.save("talked")
  const much = await send(place, "much")
  place.save("talked much")
  place.reset("talked", "ask")
  const parked = await send(place, "tools", {}, ["--park"])
  place.save("parked")
  const failed = [listed, talked, much].filter(({ code }) => code !== 0).concat(parked.code === 7 ? [] : [parked])
  if (failed.length > 0) throw new Error(`cannot prepare: ${failed.map(({ stderr }) => stderr).join("")}`)
}

/** One message in the latest session, or in a new one. */
export const send = (
  place: Place,
  script: keyof typeof scripts,
  how: How = {},
  flags: ReadonlyArray<string> = []
): Promise<Life> => {
  const id = readStored(place).sessions.at(-1)?.id
  const session = id === undefined ? [] : ["-s", id]
  const schema = script === "wrong" ? ["--output-schema", place.schemaFile] : []
  return place.run(["run", ...session, ...schema, ...flags, "--format", "stream-json", `script:${script}`], how)
}

export const start = (place: Place, round: Round, how: How = {}): Promise<Life> => {
  const asks = round.parks === true || round.answers !== undefined
  place.reset(round.from === "nothing" ? undefined : round.from, asks ? "ask" : "allow")
  const id = readStored(place).sessions.at(-1)?.id ?? ""
  if (round.command !== undefined) return place.run(["sessions", round.command, id], how)
  if (round.answers !== undefined) return place.run(["answer", id, round.answers, "--format", "stream-json"], how)
  if (round.parks === true) return send(place, round.script, how, ["--park"])
  return send(place, round.script, round.cancelAt === undefined ? how : { ...how, cancelAt: round.cancelAt })
}

/** Whether a process printed events, and not the id of a fork. */
const isStream = ({ stdout }: Life): boolean => !stdout.startsWith("ses_")

const trace = /^\s+at .+:\d+/m
/** Output that a user must never see, such as a stack trace, and processes that had to be ended. */
export const unseemly = ({ hung, stderr }: Life): ReadonlyArray<string> => [
  ...(hung ? ["the process had to be ended"] : []),
  ...(trace.test(stderr) || stderr.includes("internal error") ? [`stderr: ${stderr.trim()}`] : [])
]

/** Checks the state that a process left, before another process recovers it. */
export const afterDeath = (place: Place, life: Life, { command }: Round): Partial<Verdict> => {
  const { damage, sessions } = readStored(place)
  if (command !== undefined)
    return { lost: Check.half(command, life, sessions), unusable: unseemly(life), broken: damage }
  const log = sessions.at(-1)?.log ?? []
  const shown = readShown(life.stdout)
  return {
    lost: Check.lost(shown, log),
    twice: Check.twice(place.effects()),
    unusable: unseemly(life),
    broken: [
      ...damage,
      ...Check.gaps(shown),
      ...Check.early(place.effects(), log),
      ...Check.unapproved(place.effects(), log),
      ...Messages.torn(sessions.at(-1))
    ]
  }
}

/** Sends a real message and checks the result. `lives` are all earlier processes of the session. */
export const goOn = async (place: Place, lives: ReadonlyArray<Life>): Promise<Partial<Verdict>> => {
  const before = readStored(place).sessions.at(-1)?.id
  const next = await send(place, "next")
  const { damage, sessions } = readStored(place)
  const last = sessions.at(-1)
  const log = last?.log ?? []
  const effects = place.effects()
  const answered = next.stdout.includes('"RoundCompleted"') && scripts.next.every((text) => next.stdout.includes(text))
  return {
    lost: [
      ...[...lives.filter(isStream), next].flatMap((life) => Check.lost(readShown(life.stdout), log)),
      ...Messages.left(last)
    ],
    twice: Check.twice(effects),
    unusable: [
      ...(next.code === 0 && answered
        ? []
        : [`the next message ended with ${next.code ?? next.signal}: ${next.stderr.trim()}`]),
      ...(before === undefined || before === last?.id ? [] : ["the next message went to another session"]),
      ...unseemly(next),
      ...Check.illegal(place.provider.bodies)
    ],
    broken: [...damage, ...Check.broken(last, effects, place.provider.bodies), ...Messages.torn(last)]
  }
}
