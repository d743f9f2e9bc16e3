import { readFileSync, statSync } from "node:fs"
import { homedir, userInfo } from "node:os"
import process, { env } from "node:process"
import type { Self } from "@parley/domain/Ownership"

/**
 * The user that this process runs as now, for the checks of `Ownership`.
 *
 * @since 0.1.0
 * @category functions
 */
export const self = (): Self => ({
  uid: process.geteuid?.(),
  gid: process.getegid?.(),
  sudoUid: env["SUDO_UID"],
  userName: () => userInfo().username,
  homeOwner: () => statSync(homedir()).uid,
  groups: () => readFileSync("/etc/group", "utf8")
})
