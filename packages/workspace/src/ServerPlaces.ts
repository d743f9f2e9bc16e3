import { digest } from "./internal/Digest.ts"
import * as Disk from "./internal/Disk.ts"
import { serverLogs, type UserLocations } from "./Locations.ts"
import type { Standings } from "./Trust.ts"

/** Who declares a server: the user, or the project with this root. */
export type Owner = "user" | { readonly root: string }

/** Who declares the server of that name here. A server of the user goes before one of the project. */
export const ownerOf = (root: string, { servers }: Standings, name: string): Owner =>
  servers.some((server) => server.name === name && server.standing !== "shadowed") ? { root } : "user"

/** Servers of different owners may have one name or one address. What is kept of one of them is not kept with another's. */
const of = (directory: string, owner: Owner): string =>
  owner === "user" ? directory : Disk.join(directory, "projects", digest(owner.root))

/** Where what the owner's servers say is kept, a file `NAME.log` for each. */
export const logs = (user: UserLocations, owner: Owner): string => of(serverLogs(user), owner)

/** Where the logins to the owner's servers are kept. */
export const logins = (user: UserLocations, owner: Owner): string => of(user.mcpAuthDirectory, owner)
