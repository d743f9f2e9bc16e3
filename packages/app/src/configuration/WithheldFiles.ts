import type { Withheld } from "@parley/domain/ReadFence"
import * as SecretFiles from "@parley/domain/SecretFiles"
import { visibleJson } from "@parley/domain/VisibleText"
import * as Locations from "@parley/workspace/Locations"
import * as SecretReads from "@parley/workspace/SecretReads"
import type { Setup } from "./Setup.ts"

/**
 * Which directories of the user's disk no model is shown, and which files may hold secrets. Everything that reads files for
 * a model uses the same rules.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = ({ config, user }: Pick<Setup, "config" | "user">) =>
  ({
    directories: Locations.privateDirectories(user),
    except: [user.instructionsFile],
    secrets: SecretFiles.matcher(config.secretFiles)
  }) satisfies Withheld

/**
 * Why a file is not read without approval; for a person or a model.
 *
 * @since 0.1.0
 * @category functions
 */
export const mayHoldSecrets = ({ path, why }: SecretReads.SecretRead): string =>
  `${visibleJson(path)} may hold secrets (${why})`

/**
 * Finds the file that a tool call would read and that may hold secrets, if any.
 *
 * @since 0.1.0
 * @category functions
 */
export const secretRead = ({
  config,
  workspace
}: Pick<Setup, "config"> & { readonly workspace: { readonly root: string } }): SecretReads.Finder =>
  SecretReads.finder(workspace.root, SecretFiles.matcher(config.secretFiles))
