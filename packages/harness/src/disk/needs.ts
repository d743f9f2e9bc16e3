import { spawnSync } from "node:child_process"
import process from "node:process"

/** Checks for the requirements of cases. `mounts`: the current user may mount file systems. */
const shows = {
  linux: () => process.platform === "linux",
  root: () => process.getuid?.() === 0,
  mounts: () => works("unshare", "--mount", "true"),
  openssl: () => works("openssl", "version"),
  pgrep: () => works("sh", "-c", "command -v pgrep"),
  script: () => works("sh", "-c", "command -v script"),
  // strace may be installed but lack the permission to trace.
  strace: () => works("strace", "-o", "/dev/null", "true")
}
export type Need = keyof typeof shows

const works = (command: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0

const known = new Map<Need, boolean>()

/** The requirements that this machine does not meet. */
export const missing = (needs: ReadonlyArray<Need>): ReadonlyArray<Need> =>
  needs.filter((need) => {
    const here = known.get(need) ?? shows[need]()
    known.set(need, here)
    return !here
  })
