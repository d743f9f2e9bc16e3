import { digest } from "../disk/FileHash.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import { serverLogs, type UserLocations } from "../config/Locations.ts"
import type { Standings } from "./Trust.ts"

/**
 * The declarer of a server: the user, or the project with this root.
 *
 * @since 0.1.0
 * @category models
 */
export type Owner = "user" | { readonly root: string }

/**
 * The owner of the server of that name. A server of the user takes precedence over one of the project.
 *
 * @since 0.1.0
 * @category functions
 */
export const ownerOf = (root: string, { servers }: Standings, name: string): Owner =>
  servers.some((server) => server.name === name && server.standing !== "shadowed") ? { root } : "user"

/** Servers of different owners may have the same name or address, so their files are stored in separate directories. */
const of = (directory: string, owner: Owner): string =>
  owner === "user" ? directory : SafeFile.join(directory, "projects", digest(owner.root))

/**
 * The directory of the logs of the owner's servers, with a file `NAME.log` for each server.
 *
 * @since 0.1.0
 * @category functions
 */
export const logs = (user: UserLocations, owner: Owner): string => of(serverLogs(user), owner)

/**
 * The directory of the logins to the owner's servers.
 *
 * @since 0.1.0
 * @category functions
 */
export const logins = (user: UserLocations, owner: Owner): string => of(user.mcpAuthDirectory, owner)
