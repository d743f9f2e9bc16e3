import * as Trust from "@parley/workspace/Trust"
import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "@parley/app/UsageError"
import { Output } from "../../output/Output.ts"
import * as Person from "../../consent/Person.ts"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import { quoted } from "@parley/app/SlotOptions"
import { startOf } from "@parley/app/ToolRules"
import * as ProjectTrust from "../../consent/ProjectTrust.ts"
import * as TrustList from "../../consent/TrustList.ts"
import type { Here } from "../DynamicCommand.ts"
import * as Drift from "./McpDrift.ts"

export interface Input extends Here {
  readonly name: Option.Option<string>
  readonly list: boolean
  readonly yes: boolean
  readonly hash: Option.Option<string>
  readonly revoke: boolean
  readonly all: boolean
  readonly allow: ReadonlyArray<string>
  readonly full: boolean
  readonly format: "text" | "json"
}

const usage = (problem: string) => new UsageError({ problem })

const list = Effect.fnUntraced(function* (setup: SetupFlags.Setup, { format, full }: Input) {
  const output = yield* Output
  const { project, workspace } = setup
  if (format === "json") {
    const listed = TrustList.listed(workspace.root, project, ProjectTrust.permissionsOf(setup))
    return yield* output.line(yield* Effect.orDie(TrustList.encode(listed)))
  }
  if (project.problem !== undefined) return yield* project.problem
  if (project.servers.length === 0) return yield* output.note("This project declares no MCP servers")
  yield* output.text(TrustList.words(project, full))
})

const revoke = Effect.fnUntraced(function* (setup: SetupFlags.Setup, { all, name }: Input) {
  const output = yield* Output
  if (all === Option.isSome(name)) return yield* usage("--revoke needs either the name of a server or --all")
  const count = yield* Trust.revoke(setup, Option.getOrUndefined(name))
  yield* output.note(
    count === 0
      ? "There were no decisions to revoke"
      : `Revoked ${count} decision${count === 1 ? "" : "s"} about servers of this project`
  )
})

const isOpen = ({ standing }: Trust.Standings["servers"][number]): boolean =>
  standing === "unknown" || standing === "declined"

const consentOf = ({ hash, yes }: Input) => ({ yes, hash: Option.getOrUndefined(hash), person: Person.make() })

/** Asks the user about each server that the project declares, one after the other. */
const decideAll = Effect.fnUntraced(function* (setup: SetupFlags.Setup, input: Input) {
  const output = yield* Output
  const open = setup.project.servers.filter(isOpen)
  if (open.length === 0) return yield* output.note("No server of this project needs a decision")
  if (input.yes && open.length > 1) return yield* usage("--yes needs the name of the server that --hash belongs to")
  const consent = consentOf(input)
  for (const server of open) if (!(yield* ProjectTrust.decide(setup, server, consent, input))) return
})

const decideOne = Effect.fnUntraced(function* (setup: SetupFlags.Setup, name: string, input: Input) {
  const consent = consentOf(input)
  const server = setup.project.servers.find((server) => server.name === name)
  if (server !== undefined && (isOpen(server) || (input.allow.length > 0 && server.standing === "trusted")))
    return yield* ProjectTrust.decide(setup, server, consent, input)
  if (input.allow.length > 0)
    return yield* usage(
      `--allow applies only to servers that this project declares; for ${quoted(name)}, set "permissions" in ` +
        setup.user.configFile
    )
  const counting = UserServers.named(setup.servers, name)
  if (counting !== undefined) return yield* Drift.decide(setup, name, counting, consent)
  return yield* usage(`There is no server ${quoted(name)}; see \`parley mcp list\` and \`parley mcp trust --list\``)
})

/** Checks that --allow names only tools of the given server. */
const checkAllow = Effect.fnUntraced(function* ({ allow, name }: Input) {
  const start = Option.map(name, startOf)
  if (allow.length > 0 && Option.isNone(start)) return yield* usage("--allow needs the name of a server")
  const other = allow.find((pattern) => !pattern.startsWith(Option.getOrElse(start, () => "")))
  if (other !== undefined)
    return yield* usage(
      `--allow ${other}: expected tools of this server, whose names begin with ${Option.getOrElse(start, () => "")}`
    )
})

/** Asks the user to trust what a project declares. Until then, nothing of it has an effect. */
export const trust = Effect.fn("parley mcp trust")(function* (input: Input) {
  if (input.all && !input.revoke) return yield* usage("--all works only with --revoke; servers are trusted one by one")
  if (input.format === "json" && (input.yes || input.revoke))
    return yield* usage("--format json only lists what the project declares; leave it out with --yes or --revoke")
  const setup = yield* SetupFlags.load(input)
  if (input.revoke) return yield* revoke(setup, input)
  if (input.list || input.format === "json") return yield* list(setup, input)
  yield* checkAllow(input)
  if (setup.project.problem !== undefined && Option.isNone(input.name)) return yield* setup.project.problem
  yield* Option.match(input.name, {
    onNone: () => decideAll(setup, input),
    onSome: (name) => decideOne(setup, name, input)
  })
})
