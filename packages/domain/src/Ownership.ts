/**
 * Whether the file or directory at a path can be trusted, so that Parley may read it as configuration, approvals, logins
 * or history, or write to it. All packages use this one rule. It is pure: the packages that access the disk pass in what
 * they found.
 *
 * A file is trusted if it belongs to this user or to root and no one else can change it. Two more owners count as this
 * user: the user who became root with sudo (`SUDO_UID`, as in git), and the owner of the home directory. The latter
 * differs from this user if a container runs with a mounted home directory; that owner already controls this user's
 * shell, ssh and git. Write permission for the group is harmless if the group is private to the user, as with a umask of
 * 002. Access control lists are not checked.
 */

/**
 * Owner, group and mode of a file, as returned by `stat`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/**
 * The identity of this process. The functions are called only when their result is needed, and may throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface Self {
  /** Undefined on systems whose files have no such owners, as on Windows. Then every file is trusted. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly sudoUid: string | undefined
  /** The name of the user. May throw. */
  readonly userName: () => string
  /** The user id that owns the home directory. May throw. */
  readonly homeOwner: () => number
  /** The content of `/etc/group`. */
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

/** Whether a group is private: it is the user's primary group, has the user's name or number, and has no other members. */
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

/**
 * Why a file cannot be trusted: its owner or its mode.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault {
  /** `shared`: everyone can create files there, but only their owners can remove them, as in `/tmp` (sticky bit). */
  readonly kind: "owner" | "writable" | "shared"
  readonly found: Found
}

/**
 * Why a file or directory cannot be trusted; `undefined` if it can.
 *
 * @since 0.1.0
 * @category functions
 */
export const faultOf = (self: Self, found: Found): Fault | undefined => {
  if (self.uid === undefined) return undefined
  if (!isOurs(self, found.uid)) return { kind: "owner", found }
  if ((found.mode & 0o002) !== 0) return { kind: (found.mode & 0o1000) === 0 ? "writable" : "shared", found }
  return (found.mode & 0o020) !== 0 && !isPrivate(self, found.gid) ? { kind: "writable", found } : undefined
}

/**
 * The same for a symbolic link, whose mode has no meaning.
 *
 * @since 0.1.0
 * @category functions
 */
export const faultOfLink = (self: Self, found: Found): Fault | undefined => faultOf(self, { ...found, mode: 0o700 })

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0")

/**
 * A path quoted for a POSIX shell.
 *
 * @since 0.1.0
 * @category functions
 */
export const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`

/**
 * Describes the owner and the permissions. Continues a sentence that begins with the path.
 *
 * @since 0.1.0
 * @category functions
 */
export const describeFault = (self: Self, { found, kind }: Fault): string =>
  kind === "owner"
    ? `belongs to uid ${found.uid} and not to you (uid ${self.uid}); its mode is ${octal(found.mode)}`
    : `can be written by other users: its mode is ${octal(found.mode)}, its owner uid ${found.uid} and its group gid ${found.gid}`

/**
 * The shell command that corrects the owner and the permissions. To be run only after a person has checked the content.
 *
 * @since 0.1.0
 * @category functions
 */
export const repairCommand = (self: Self, path: string, { found, kind }: Fault): string => {
  const writable = faultOf(self, { ...found, uid: 0 }) !== undefined
  const commands = [
    ...(kind === "owner" ? [`${self.uid === 0 ? "" : "sudo "}chown ${self.uid} ${quoted(path)}`] : []),
    ...(writable ? [`chmod go-w ${quoted(path)}`] : [])
  ]
  return commands.join(" && ")
}

/**
 * The complete explanation, for an error message that begins with the path. Tool results may contain it.
 *
 * @since 0.1.0
 * @category functions
 */
export const refusal = (self: Self, path: string, fault: Fault): string =>
  `${describeFault(self, fault)}. So another user may decide what it holds, and it is not used. Look at it, then run \`${repairCommand(self, path, fault)}\``
