/**
 * Whether what is at a path may be believed: read as configuration, consent, login or history, or written to. The one rule
 * for all of Parley. It is pure; each package that touches the disk looks at it by itself and asks here.
 *
 * Believed is what belongs to this user or to root and can be changed by no one else. Two more owners count as this user:
 * the user who became root with sudo (`SUDO_UID`, as git has it), and the owner of the home directory, which is somebody
 * else's when a container runs with a mounted home: that owner decides already what this user's shell, ssh and git do.
 * Writing by the group is harmless where the group is the user's own, as with a umask of 002; access lists are not seen.
 */

/** Owner and mode, as a system's `stat` has them. */
export interface Found {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** Who this process is. What is seldom needed is asked for when it is, and may throw. */
export interface Self {
  /** Absent where files have no owners of this kind, as on Windows: then everything is believed. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly sudoUid: string | undefined
  readonly userName: () => string
  readonly homeOwner: () => number
  /** The text of `/etc/group`. */
  readonly groups: () => string
}

const quietly = <A>(ask: () => A): A | undefined => {
  try {
    return ask()
  } catch {
    return undefined
  }
}

const isOurs = (self: Self, uid: number): boolean =>
  uid === 0 ||
  uid === self.uid ||
  (self.uid === 0 && /^\d+$/.test(self.sudoUid ?? "") && uid === Number(self.sudoUid)) ||
  uid === quietly(self.homeOwner)

/** Whether only this user is in a group: it is the user's primary one, called or numbered as the user is, without others. */
const isPrivate = (self: Self, gid: number): boolean => {
  if (gid !== self.gid) return false
  const entry = (quietly(self.groups) ?? "")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([, , number]) => number === String(gid))
  if (entry === undefined) return gid === self.uid
  const name = quietly(self.userName)
  const [group, , , members = ""] = entry
  return (gid === self.uid || group === name) && members.split(",").every((member) => member === "" || member === name)
}

/** What is wrong with an owner and a mode; nothing when they may be believed. */
export interface Fault {
  /** `shared`: everybody may put files there, and only their owners may remove them, as in `/tmp`. */
  readonly kind: "owner" | "writable" | "shared"
  readonly found: Found
}

export const faultOf = (self: Self, found: Found): Fault | undefined => {
  if (self.uid === undefined) return undefined
  if (!isOurs(self, found.uid)) return { kind: "owner", found }
  if ((found.mode & 0o002) !== 0) return { kind: (found.mode & 0o1000) === 0 ? "writable" : "shared", found }
  return (found.mode & 0o020) !== 0 && !isPrivate(self, found.gid) ? { kind: "writable", found } : undefined
}

/** The same for a symbolic link, whose mode says nothing. */
export const faultOfLink = (self: Self, found: Found): Fault | undefined => faultOf(self, { ...found, mode: 0o700 })

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0")

/** A path as a shell takes it. */
export const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`

/** Whose it is and who can change it; continues a sentence that begins with the path. */
export const whose = (self: Self, { found, kind }: Fault): string =>
  kind === "owner"
    ? `belongs to uid ${found.uid} and not to you (uid ${self.uid}); its mode is ${octal(found.mode)}`
    : `can be written by other users: its mode is ${octal(found.mode)}, its owner uid ${found.uid} and its group gid ${found.gid}`

/** The command that makes it believable, once a person has seen that it should be. */
export const mend = (self: Self, path: string, { found, kind }: Fault): string => {
  const writable = faultOf(self, { ...found, uid: 0 }) !== undefined
  const commands = [
    ...(kind === "owner" ? [`${self.uid === 0 ? "" : "sudo "}chown ${self.uid} ${quoted(path)}`] : []),
    ...(writable ? [`chmod go-w ${quoted(path)}`] : [])
  ]
  return commands.join(" && ")
}

/** All of it, for an error whose sentence begins with the path. */
export const refusal = (self: Self, path: string, fault: Fault): string =>
  `${whose(self, fault)}. So another user may decide what it holds, and it is not used. Look at it, then run \`${mend(self, path, fault)}\``
