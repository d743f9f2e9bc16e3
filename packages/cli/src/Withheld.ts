import type { Withheld } from "@parley/domain/ReadFence"
import * as SecretFiles from "@parley/domain/SecretFiles"
import * as Locations from "@parley/workspace/Locations"
import * as SecretReads from "@parley/workspace/SecretReads"
import type { Setup } from "./Setup.ts"

/** What no model is shown of this user's disk, and which files may hold secrets. The same for all that reads for a model. */
export const of = ({ config, user }: Pick<Setup, "config" | "user">) =>
  ({
    directories: Locations.privateDirectories(user),
    except: [user.instructionsFile],
    secrets: SecretFiles.matcher(config.secretFiles)
  }) satisfies Withheld

/** Which file that may hold secrets a call would read. */
export const secretRead = ({
  config,
  workspace
}: Pick<Setup, "config"> & { readonly workspace: { readonly root: string } }): SecretReads.Finder =>
  SecretReads.finder(workspace.root, SecretFiles.matcher(config.secretFiles))
