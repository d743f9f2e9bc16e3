import { ConfigError } from "@parley/domain/Errors"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AtomicWrite from "../disk/AtomicWrite.ts"
import { digest } from "../disk/FileHash.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import * as Owned from "../disk/Owned.ts"
import * as Remove from "../disk/Remove.ts"
import type { Unreadable } from "../disk/Unreadable.ts"
import * as JsonFile from "../json/JsonFile.ts"
import type { UserLocations, Workspace } from "../config/Locations.ts"
import * as ProjectServers from "../project/ProjectServers.ts"

/** The user's decision about one server of one project, valid for the declaration with this hash. */
const Decision = Schema.Struct({
  root: Schema.String,
  name: Schema.String,
  hash: Schema.String,
  decision: Schema.Literals(["trusted", "declined"]),
  /** Patterns of its tools that run without approval; none if absent. */
  allow: Schema.String.pipe(Schema.Array, Schema.optionalKey)
})

/**
 * What a user decided about a server of a project.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision = (typeof Decision.Type)["decision"]

const encode = Schema.encodeSync(Schema.fromJsonString(Decision))

/**
 * The workspace whose servers are meant, and the user who decides. Decisions are stored with the user's data.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly user: Pick<UserLocations, "databaseFile">
  readonly workspace: Pick<Workspace, "root">
}

const dataOf = ({ user }: Pick<Place, "user">): string => SafeFile.dirname(user.databaseFile)

const directoryOf = (place: Place): string => SafeFile.join(dataOf(place), "trust", digest(place.workspace.root))

/** One file for each server, so that processes that decide about different servers do not overwrite each other's files. */
const fileOf = (place: Place, name: string): string => SafeFile.join(directoryOf(place), `${digest(name)}.json`)

const failing = (path: string) => (error: Unreadable) => new ConfigError({ path, problem: error.problem })

/**
 * The stored decision about exactly this server. A file that cannot be read, or that another user could have written, is
 * ignored; the user is then asked again.
 */
const decisionOn = (place: Place, { hash, name }: ProjectServers.ProjectServer) =>
  JsonFile.read({ path: fileOf(place, name), ours: { below: dataOf(place) } }, Decision).pipe(
    Effect.map(Option.filter(({ exposed }) => !exposed)),
    Effect.map(Option.map(({ value }) => value)),
    Effect.map(
      Option.filter((stored) => stored.root === place.workspace.root && stored.name === name && stored.hash === hash)
    ),
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined)
  )

/**
 * Stores the user's decision about a server, and replaces an earlier decision about that name. `allow` contains the patterns
 * of its tools that run without approval.
 *
 * @since 0.1.0
 * @category functions
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
  yield* Effect.mapError(AtomicWrite.write(path, `${text}\n`), failing(path))
})

/**
 * Deletes the decision about one server, or about all servers of the project, and returns how many were deleted.
 *
 * @since 0.1.0
 * @category functions
 */
export const revoke = Effect.fn("Trust.revoke")(function* (place: Place, name: string | undefined) {
  const path = name === undefined ? directoryOf(place) : fileOf(place, name)
  const removed = name === undefined ? Remove.filesIn(path) : Effect.map(Remove.file(path), Number)
  return yield* Effect.mapError(removed, failing(path))
})

/**
 * `shadowed`: the user's own configuration has a server of that name, which is used instead.
 *
 * @since 0.1.0
 * @category models
 */
export type Standing = Decision | "shadowed" | "unknown"

/**
 * The servers of a project with the user's decisions about them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Standings {
  readonly servers: ReadonlyArray<
    ProjectServers.ProjectServer & {
      readonly standing: Standing
      /** Patterns of its tools that run without approval. */
      readonly allow: ReadonlyArray<string>
    }
  >
  /** Why the project's file is ignored as a whole. */
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
    : Effect.map(decisionOn(place, server), (stored) => ({
        ...server,
        standing: stored?.decision ?? "unknown",
        allow: stored?.allow ?? []
      }))

/**
 * The standing of each server of a project now. If the project's file is invalid, or another user could have written the
 * stored decisions, there are no servers and `problem` is set.
 *
 * @since 0.1.0
 * @category functions
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

/**
 * The standings as if the user trusted all of the servers. Shadowed servers stay shadowed.
 *
 * @since 0.1.0
 * @category functions
 */
export const trusting = ({ problem, servers }: Standings): Standings => ({
  servers: servers.map((server) => (server.standing === "shadowed" ? server : { ...server, standing: "trusted" })),
  problem
})

/**
 * All servers that may be started: the user's, and those of the project that the user trusts.
 *
 * @since 0.1.0
 * @category functions
 */
export const counting = (users: Servers, { servers }: Standings): Servers => ({
  ...Object.fromEntries(
    servers.flatMap(({ config, name, standing }) => (standing === "trusted" ? [[name, config]] : []))
  ),
  ...users
})

/**
 * For each trusted server of the project, the patterns of its tools that run without approval.
 *
 * @since 0.1.0
 * @category functions
 */
export const allowing = ({ servers }: Standings): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(servers.flatMap(({ allow, name, standing }) => (standing === "trusted" ? [[name, allow]] : [])))

/**
 * A message about servers that are ignored because the user has not decided about them; undefined if there are none.
 *
 * @since 0.1.0
 * @category functions
 */
export const notice = (root: string, { problem, servers }: Standings): string | undefined => {
  if (problem !== undefined) return `${problem.message}; no MCP server of this project is used`
  const names = servers.flatMap(({ name, standing }) => (standing === "unknown" ? [name] : []))
  if (names.length === 0) return undefined
  const more = names.length > 5 ? ` and ${names.length - 5} more` : ""
  return `${ProjectServers.fileOf(root)}: ignored, because you have not trusted them: ${names.slice(0, 5).join(", ")}${more}`
}
