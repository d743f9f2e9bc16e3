import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Matcher } from "./SecretFiles.ts"

/**
 * Files and directories whose content no model may receive, regardless of where the workspace is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Withheld {
  /** Absolute paths of the directories in which the application stores its own configuration, logins, sessions and logs. */
  readonly directories: ReadonlyArray<string>
  /** Files in these directories that models may receive nevertheless, such as the user's instructions. */
  readonly except?: ReadonlyArray<string> | undefined
  /** Decides which files may contain secrets. Default: the built-in table. */
  readonly secrets?: Matcher | undefined
}

/**
 * Identifies a file or directory independently of the path under which it is reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

/**
 * The result of `stat` of `node:fs` with `bigint: true`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status extends Identity {
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  /** Whether it is a directory. */
  readonly isDirectory: () => boolean
}

/**
 * The operations on the disk that a fence needs. Files that cannot be inspected count as missing.
 *
 * @since 0.1.0
 * @category models
 */
export interface System {
  /** The status of what a path leads to, following all links. */
  readonly status: (path: string) => Effect.Effect<Status | undefined>
  /** The names of a directory's entries; none if it cannot be read. */
  readonly names: (directory: string) => Effect.Effect<ReadonlyArray<string>>
  /** The type of the file system (`f_type` of `statfs`). */
  readonly fileSystem: (path: string) => Effect.Effect<bigint | undefined>
  /** The path of a directory's entry. */
  readonly join: (directory: string, name: string) => string
  /** The parent directory, or the path itself if it is a root. */
  readonly dirname: (path: string) => string
  /** Directories of devices, such as `/dev`. On Linux these cannot be recognised by the type of their file system. */
  readonly devices: ReadonlyArray<string>
}

/**
 * Why a file must not be read: `own` if it belongs to the application, `system` if it is a device or virtual file.
 *
 * @since 0.1.0
 * @category models
 */
export type Verdict = "own" | "system"

/**
 * One inspection of the disk, for example for one tool call. Results are cached for its duration.
 *
 * @since 0.1.0
 * @category models
 */
export interface Look {
  /**
   * Why the file must not be read, or `undefined`. `real` is a path without links; `found` identifies the file at the
   * path.
   */
  readonly judge: (root: string, real: string, found: Identity) => Effect.Effect<Verdict | undefined>
  /** Whether it is one of the files and directories that `Withheld.directories` contain now. */
  readonly isOwn: (found: Identity) => Effect.Effect<boolean>
}

/**
 * Prevents reads of withheld files. Call `begin` once per operation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fence {
  readonly begin: Effect.Effect<Look>
}

/** Types of virtual file systems: reading their files queries the kernel or has side effects. From `linux/magic.h`. */
const madeUp: ReadonlySet<bigint> = new Set([
  0x9fa0n, // proc
  0x62656572n, // sysfs
  0x1cd1n, // devpts
  0x27e0ebn, // cgroup
  0x63677270n, // cgroup2
  0x7655821n, // resctrl
  0x64626720n, // debugfs
  0x74726163n, // tracefs
  0x73636673n, // securityfs
  0xf97cff8cn, // selinux
  0x43415d53n, // smack
  0x5a3c69f0n, // apparmor
  0x62656570n, // configfs
  0xcafe4a11n, // bpf
  0x6165676cn, // pstore
  0xde5e81e4n, // efivarfs
  0x42494e4dn, // binfmt_misc
  0x65735543n, // fusectl
  0x19800202n, // mqueue
  0x958458f6n, // hugetlbfs
  0x6e736673n, // nsfs
  0x67596969n, // rpc_pipefs
  0x6e667364n, // nfsd
  0x50494446n, // pidfs
  0x50495045n, // pipefs
  0x534f434bn, // sockfs
  0x9041934n // anonymous inodes
])

/** Maximum number of application files that are tracked individually; further files are recognised by their directories. */
const most = 100_000

/** Resolution of change times on coarse file systems. A directory that changed more recently is listed again every time. */
const unsettledMillis = 2000n

const keyOf = ({ dev, ino }: Identity): string => `${dev}:${ino}`

interface Content {
  readonly of: Status
  readonly files: ReadonlyArray<string>
  readonly directories: ReadonlyArray<string>
}

const same = (a: Status, b: Status): boolean =>
  keyOf(a) === keyOf(b) && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

const isInside = (system: System, root: string, path: string): boolean =>
  path === root || (system.dirname(path) !== path && isInside(system, root, system.dirname(path)))

/**
 * Creates a fence. Files and directories are compared by device and inode instead of by path, so that links, hard links,
 * mounts and other spellings of a path do not circumvent it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (system: System, { directories, except = [] }: Pick<Withheld, "directories" | "except">): Fence => {
  const known = new Map<string, Content>()

  const contentOf = Effect.fnUntraced(function* (path: string, status: Status) {
    const before = known.get(path)
    if (before !== undefined && same(before.of, status)) return before
    const paths = (yield* system.names(path)).map((name) => system.join(path, name))
    const shown = paths.filter((path) => !except.includes(path))
    const found = yield* Effect.forEach(shown, system.status, { concurrency: 16 })
    const content: Content = {
      of: status,
      files: found.flatMap((status) => (status === undefined || status.isDirectory() ? [] : [keyOf(status)])),
      directories: shown.filter((_, i) => found[i]?.isDirectory() === true)
    }
    const now = BigInt(yield* Clock.currentTimeMillis)
    if (status.ctimeNs / 1_000_000n < now - unsettledMillis) known.set(path, content)
    return content
  })

  const gather = Effect.gen(function* () {
    const own = new Set<string>()
    const pending = [...directories]
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const status = yield* system.status(path)
      if (status === undefined || own.has(keyOf(status))) continue
      own.add(keyOf(status))
      if (own.size > most) continue
      const content = yield* contentOf(path, status)
      for (const file of content.files) own.add(file)
      pending.push(...content.directories)
    }
    return own
  })

  const begin = Effect.gen(function* () {
    const own = yield* Effect.cached(gather)
    const devices = yield* Effect.cached(
      Effect.map(Effect.forEach(system.devices, system.status), (all) =>
        all.flatMap((status) => (status === undefined ? [] : [keyOf(status)]))
      )
    )
    const kinds = new Map<bigint, boolean>()
    const judged = new Map<string, Verdict | undefined>()

    const isMadeUp = Effect.fnUntraced(function* (path: string, { dev }: Identity) {
      const before = kinds.get(dev)
      if (before !== undefined) return before
      const kind = yield* system.fileSystem(path)
      const found = kind !== undefined && madeUp.has(kind)
      kinds.set(dev, found)
      return found
    })

    const one = Effect.fnUntraced(function* (root: string, path: string) {
      const status = yield* system.status(path)
      if (status === undefined) return undefined
      if ((yield* own).has(keyOf(status))) return "own" as const
      // The workspace itself may be in `/dev/shm`, where files are ordinary files.
      if (!isInside(system, root, path)) return undefined
      const ofSystem = (yield* devices).includes(keyOf(status)) || (yield* isMadeUp(path, status))
      return ofSystem ? ("system" as const) : undefined
    })

    /** A directory has the verdict of the directories above it. */
    const directory = Effect.fnUntraced(function* (root: string, path: string) {
      const chain: Array<string> = []
      for (let at = path; !judged.has(at); at = system.dirname(at)) {
        chain.push(at)
        if (system.dirname(at) === at) break
      }
      let verdict = judged.get(system.dirname(chain.at(-1) ?? path))
      for (const at of chain.toReversed()) {
        verdict ??= yield* one(root, at)
        judged.set(at, verdict)
      }
      return judged.get(path)
    })

    const isOwn = (found: Identity) => Effect.map(own, (own) => own.has(keyOf(found)))
    const judge = Effect.fnUntraced(function* (root: string, real: string, found: Identity) {
      if (yield* isOwn(found)) return "own" as const
      const above = yield* directory(root, system.dirname(real))
      if (above !== undefined) return above
      if ((yield* devices).includes(keyOf(found)) || (yield* isMadeUp(real, found))) return "system" as const
      return undefined
    })
    return { isOwn, judge } satisfies Look
  })
  return { begin }
}
