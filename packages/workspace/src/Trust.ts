import { ConfigError } from "@parley/domain/Errors"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Atomic from "./internal/Atomic.ts"
import { digest } from "./internal/Digest.ts"
import * as Disk from "./internal/Disk.ts"
import * as Owned from "./internal/Owned.ts"
import * as Remove from "./internal/Remove.ts"
import type { Unreadable } from "./internal/Unreadable.ts"
import * as JsonFile from "./JsonFile.ts"
import type { UserLocations, Workspace } from "./Locations.ts"
import * as ProjectServers from "./ProjectServers.ts"

/** What the user has said about one server of one project, as it was then. */
const Decision = Schema.Struct({
  root: Schema.String,
  name: Schema.String,
  hash: Schema.String,
  decision: Schema.Literals(["trusted", "declined"]),
  /** Patterns of its tools that may run without asking; none when absent. */
  allow: Schema.String.pipe(Schema.Array, Schema.optionalKey)
})
export type Decision = (typeof Decision.Type)["decision"]

const encode = Schema.encodeSync(Schema.fromJsonString(Decision))

/** Whose servers, and where their users keep what they think of them: with their data, never in a project. */
export interface Place {
  readonly user: Pick<UserLocations, "databaseFile">
  readonly workspace: Pick<Workspace, "root">
}

const dataOf = ({ user }: Pick<Place, "user">): string => Disk.dirname(user.databaseFile)

const directoryOf = (place: Place): string => Disk.join(dataOf(place), "trust", digest(place.workspace.root))

/** One file for each server: processes that decide on two at a time do not undo each other. */
const fileOf = (place: Place, name: string): string => Disk.join(directoryOf(place), `${digest(name)}.json`)

const failing = (path: string) => (error: Unreadable) => new ConfigError({ path, problem: error.problem })

/**
 * What was said about exactly this server. What cannot be read, or is such that others could have written it, says nothing:
 * then the user is asked again.
 */
const decisionOn = (place: Place, { hash, name }: ProjectServers.ProjectServer) =>
  JsonFile.read({ path: fileOf(place, name), ours: { below: dataOf(place) } }, Decision).pipe(
    Effect.map(Option.filter(({ exposed }) => !exposed)),
    Effect.map(Option.map(({ value }) => value)),
    Effect.map(Option.filter((said) => said.root === place.workspace.root && said.name === name && said.hash === hash)),
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined)
  )

/**
 * Stores what the user says about a server, in place of what was said of that name before. `allow` are the patterns of its
 * tools that may run without asking.
 */
export const decide = Effect.fn("Trust.decide")(function* (
  place: Place,
  { hash, name }: Pick<ProjectServers.ProjectServer, "hash" | "name">,
  decision: Decision,
  allow: ReadonlyArray<string> = []
) {
  const path = fileOf(place, name)
  yield* Owned.below(dataOf(place), directoryOf(place))
  const allowing = allow.length === 0 ? {} : { allow }
  const text = encode({ root: place.workspace.root, name, hash, decision, ...allowing })
  yield* Effect.mapError(Atomic.write(path, `${text}\n`), failing(path))
})

/** Forgets what was said about a server, or about all of the project, and says how many that were. */
export const revoke = Effect.fn("Trust.revoke")(function* (place: Place, name: string | undefined) {
  const path = name === undefined ? directoryOf(place) : fileOf(place, name)
  const removed = name === undefined ? Remove.filesIn(path) : Effect.map(Remove.file(path), Number)
  return yield* Effect.mapError(removed, failing(path))
})

/** `shadowed`: the user has a server of that name, which is the one that counts. */
export type Standing = Decision | "shadowed" | "unknown"

export interface Standings {
  readonly servers: ReadonlyArray<
    ProjectServers.ProjectServer & {
      readonly standing: Standing
      /** Patterns of its tools that may run without asking. */
      readonly allow: ReadonlyArray<string>
    }
  >
  /** Why the file means nothing at all. */
  readonly problem: ConfigError | undefined
}

type Servers = { readonly [name: string]: McpServerConfig }

const standingOf = (
  place: Place,
  users: Servers,
  server: ProjectServers.ProjectServer
): Effect.Effect<Standings["servers"][number]> =>
  Object.hasOwn(users, server.name)
    ? Effect.succeed({ ...server, standing: "shadowed", allow: [] })
    : Effect.map(decisionOn(place, server), (said) => ({
        ...server,
        standing: said?.decision ?? "unknown",
        allow: said?.allow ?? []
      }))

/**
 * How each server of a project stands now. A file that is wrong has none, and says why; so it is when another user could
 * have written down what this one is to have said.
 */
export const standings = Effect.fn("Trust.standings")(function* (place: Place, users: Servers) {
  return yield* ProjectServers.read(place.workspace.root).pipe(
    Effect.flatMap((servers) =>
      Effect.andThen(
        servers.length === 0 ? Effect.void : Owned.below(dataOf(place), directoryOf(place)),
        Effect.forEach(servers, (server) => standingOf(place, users, server))
      )
    ),
    Effect.map((servers): Standings => ({ servers, problem: undefined })),
    Effect.catchTag("ConfigError", (problem) => Effect.succeed<Standings>({ servers: [], problem }))
  )
})

/** The same as they would be if the user trusted all of them now. */
export const trusting = ({ problem, servers }: Standings): Standings => ({
  servers: servers.map((server) => (server.standing === "shadowed" ? server : { ...server, standing: "trusted" })),
  problem
})

/** The user's servers and those of the project that the user trusts: all that may be started. */
export const counting = (users: Servers, { servers }: Standings): Servers => ({
  ...Object.fromEntries(
    servers.flatMap(({ config, name, standing }) => (standing === "trusted" ? [[name, config]] : []))
  ),
  ...users
})

/** Of each server of the project that counts, the patterns of its tools that may run without asking. */
export const allowing = ({ servers }: Standings): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(servers.flatMap(({ allow, name, standing }) => (standing === "trusted" ? [[name, allow]] : [])))

/** One sentence about what of a project does nothing and has not been decided on, or nothing. */
export const notice = (root: string, { problem, servers }: Standings): string | undefined => {
  if (problem !== undefined) return `${problem.message}; no MCP server of this project is used`
  const names = servers.flatMap(({ name, standing }) => (standing === "unknown" ? [name] : []))
  if (names.length === 0) return undefined
  const more = names.length > 5 ? ` and ${names.length - 5} more` : ""
  return `${ProjectServers.fileOf(root)}: ignored, as you have not trusted them: ${names.slice(0, 5).join(", ")}${more}; \`parley mcp trust\` shows what they would run`
}
